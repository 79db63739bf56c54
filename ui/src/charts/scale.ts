/** Axes: from values to positions between 0 and 1, for numbers, their logarithms, and words. */

export interface Axis {
  kind: "number" | "log" | "word";
  least: number;
  greatest: number;
  words: string[];
}

const WIDE = 100;

/** The axis on which these values fit: words when some are no numbers, logarithms when they span much. */
export function axisOf(values: (string | number | undefined)[], logarithmic?: boolean): Axis {
  const given = values.filter((value) => value !== undefined && value !== "");
  const numbers = given.map(Number);
  if (given.length === 0 || numbers.some((value) => !Number.isFinite(value))) {
    const words = [...new Set(given.map(String))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    return { kind: "word", least: 0, greatest: Math.max(1, words.length - 1), words };
  }
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of numbers) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  const log = least > 0 && (logarithmic ?? greatest / least > WIDE);
  return { kind: log ? "log" : "number", least, greatest, words: [] };
}

/** Between 0 and 1; undefined for what has no place. */
export function place(axis: Axis, value: string | number | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  if (axis.kind === "word") {
    const at = axis.words.indexOf(String(value));
    return at < 0 ? undefined : axis.words.length === 1 ? 0.5 : at / axis.greatest;
  }
  const turn = axis.kind === "log" ? Math.log : (each: number) => each;
  const [low, high, here] = [turn(axis.least), turn(axis.greatest), turn(Number(value))];
  if (!Number.isFinite(here)) return undefined;
  return high === low ? 0.5 : (here - low) / (high - low);
}

/** Some values along the axis, with their places. */
export function ticks(axis: Axis, most: number): { at: number; value: string | number }[] {
  if (axis.kind === "word") {
    const step = Math.ceil(axis.words.length / most);
    return axis.words.filter((_, at) => at % step === 0).map((value) => ({ at: place(axis, value)!, value }));
  }
  if (axis.least === axis.greatest) return [{ at: 0.5, value: axis.least }];
  const values = axis.kind === "log" ? powers(axis, most) : round(axis, most);
  return values.map((value) => ({ at: place(axis, value)!, value })).filter(({ at }) => at >= -1e-9 && at <= 1 + 1e-9);
}

function powers({ least, greatest }: Axis, most: number): number[] {
  const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(greatest))];
  const decades = Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));
  const inside = decades.filter((value) => value >= least && value <= greatest);
  if (inside.length < 2) return [least, greatest];
  return inside.filter((_, at) => at % Math.ceil(inside.length / most) === 0);
}

function round({ least, greatest }: Axis, most: number): number[] {
  const rough = (greatest - least) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
  const first = Math.ceil(least / step);
  return Array.from({ length: Math.floor(greatest / step) - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}
