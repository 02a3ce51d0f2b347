// The files that were dropped, also those within folders, each with the name to show.
export const named = file => ({ file, name: file.name });

export async function droppedFiles(transfer) {
  // Both lists are empty once this function has waited for anything.
  const files = [...transfer.files].map(named);
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(entry => entry.isDirectory)) return files;
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry) {
  if (entry.name.startsWith(".")) return [];  // what a system notes in its folders
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ file, name: entry.fullPath.slice(1) }];
  }
  return (await Promise.all((await entriesOf(entry.createReader())).map(filesOf))).flat();
}

async function entriesOf(reader) {
  const found = [];
  for (;;) {  // a reader gives a hundred at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}
