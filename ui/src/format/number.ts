/** Numbers as people read them. */

const DIGITS = 5;
const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];
const grouped = new Intl.NumberFormat("en");

/** The value of a point, which travels as text when it is not finite. */
export function toNumber(value: number | string | null): number {
  return value === null ? NaN : Number(value);
}

/** A measured value: five significant digits, in powers of ten when it is very large or small. */
export function measure(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return trimmed(value.toExponential(DIGITS - 1));
  if (Number.isInteger(value)) return grouped.format(value);
  return trimmed(size < 1000 ? value.toPrecision(DIGITS) : value.toFixed(1));
}

function trimmed(text: string): string {
  return text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "").replace("e+", "e");
}

export function count(value: number): string {
  return grouped.format(value);
}

/** Bytes in units of 1,000, as file managers show them. */
export function fileSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (Math.round(size) >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`;
}

const compacted = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A large count in few characters: `1.2M`. */
export function compact(value: number): string {
  return Math.abs(value) < 10_000 ? grouped.format(value) : compacted.format(value);
}
