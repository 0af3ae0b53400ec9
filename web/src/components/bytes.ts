const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

// Three digits at most: "0 B", "9.5 KiB", "120 MiB".
export function bytesInWords(bytes: number): string {
  let unit = 0;
  while (Math.round(bytes) >= 1000 && unit < UNITS.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${unit > 0 && bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${UNITS[unit]}`;
}
