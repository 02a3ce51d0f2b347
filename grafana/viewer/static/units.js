// Write a number in a Grafana unit.
const scaled = (base, names) => (value, decimals) => {
  let step = 0;
  while (Math.abs(value) >= base && step < names.length - 1) { value /= base; step += 1; }
  return plain(value, decimals) + names[step];
};
const plain = (value, decimals) => {
  const size = Math.abs(value);
  const digits = decimals ?? (size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size))));
  const text = value.toFixed(digits);
  return decimals === undefined && text.includes(".") ? text.replace(/\.?0+$/, "") : text;
};
const bytes = scaled(1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
const counts = scaled(1000, ["", " K", " Mil", " Bil"]);

function seconds(value, decimals) {
  const size = Math.abs(value);
  if (size === 0) return "0 s";
  if (size < 1e-3) return plain(value * 1e6, decimals) + " µs";
  if (size < 1) return plain(value * 1e3, decimals) + " ms";
  if (size < 60) return plain(value, decimals) + " s";
  if (size < 3600) return plain(value / 60, decimals) + " min";
  if (size < 86400) return plain(value / 3600, decimals) + " h";
  return plain(value / 86400, decimals) + " d";
}

// The reader's own time zone, as Grafana writes it.
function dateTimeAsIso(milliseconds) {
  const zone = new Date(milliseconds).getTimezoneOffset() * 60000;
  return new Date(milliseconds - zone).toISOString().slice(0, 19).replace("T", " ");
}

const UNITS = {
  percentunit: (value, decimals) => plain(value * 100, decimals ?? (value === 0 || Math.abs(value) >= 1 ? 0 : undefined)) + " %",
  s: seconds,
  bytes,
  dateTimeAsIso,
  Bps: (value, decimals) => bytes(value, decimals) + "/s",
  reqps: (value, decimals) => counts(value, decimals) + " req/s",
  cps: (value, decimals) => counts(value, decimals) + " /s",
  short: counts,
  locale: (value, decimals = 0) => value.toLocaleString("en", { maximumFractionDigits: decimals }),
  none: plain,
};

export function written(value, unit, decimals) {
  if (value === null || value === undefined) return "–";
  return (UNITS[unit] ?? plain)(value, decimals);
}

// Round steps between axis ticks, in the unit's own base.
export function ticks(low, high, unit, wanted = 4) {
  const base = unit === "bytes" || unit === "Bps" ? 1024 : 1;
  const rough = (high - low) / wanted || 1;
  const whole = unit !== "s" || rough < 30 ? 1 : rough < 1800 ? 60 : 3600; // of minutes, or hours, in place of seconds
  if (whole > 1) return ticks(low / whole, high / whole, "none", wanted).map((value) => value * whole);
  const power = base === 1 ? 10 ** Math.floor(Math.log10(rough)) : nearPower(rough);
  const factors = base === 1 ? [1, 2, 5, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
  const step = factors.map((factor) => factor * power).find((candidate) => candidate >= rough * 0.99) ?? power * base;
  const values = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high * (1 + 1e-9) + 1e-12; index += 1) values.push(index * step);
  return values;
}
const nearPower = (rough) => rough < 1 ? 10 ** Math.floor(Math.log10(rough)) : 1024 ** Math.floor(Math.log(rough) / Math.log(1024));
