// Hand files in as one job, with a bar: fetch tells nothing of a body on its way, XMLHttpRequest does.
import { byId, count, size } from "./dom.js";
import { Refusal, refusalOf } from "./refusal.js";

const mostBytes = Number(document.body.dataset.mostBytes);

export function upload(files) {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  if (total > mostBytes) {  // else the server breaks the upload off, and a browser then shows no answer
    throw new Refusal(413, `A job has at most ${size(mostBytes)}, and these files have ${size(total)}. Hand them in as several.`);
  }
  const body = new FormData();
  for (const { file, name } of files) body.append("file", file, name);
  byId("upload-files").textContent = files.length === 1 ? files[0].name : `${count(files.length)} files`;
  byId("upload").hidden = false;
  showSent(0, total);
  return send(body).finally(() => { byId("upload").hidden = true; });
}

function send(body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = event => showSent(event.loaded, event.total);
    request.upload.onload = () => showSent(null);
    request.onload = () => {
      if (request.status === 200 || request.status === 202) resolve(JSON.parse(request.responseText));
      else reject(refusalOf(request.status, request.responseText));
    };
    request.onerror = () => reject(refusalOf(0));
    request.onabort = () => reject(null);
    byId("upload-stop").onclick = () => request.abort();
    request.open("POST", "/jobs");
    request.send(body);
  });
}

function showSent(sent, total) {
  const bar = byId("upload-bar");
  bar.classList.toggle("unsure", sent === null);
  if (sent === null) {
    bar.removeAttribute("aria-valuenow");
    byId("upload-words").textContent = "Sent. The server reads the inputs.";
    bar.setAttribute("aria-valuetext", "Sent, being read");
    return;
  }
  const share = total ? sent / total : 0;
  bar.firstChild.style.width = `${100 * share}%`;
  bar.setAttribute("aria-valuenow", Math.round(100 * share));
  bar.setAttribute("aria-valuetext", `${size(sent)} of ${size(total)}`);
  byId("upload-words").textContent = `${size(sent)} of ${size(total)} sent`;
}
