/** Moments and durations, in milliseconds, as people read them. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Day and time to the minute in the reader's zone, or in `zone`. */
export function dateTime(moment: number, zone?: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    ...(zone && { timeZone: zone }),
  }).format(moment);
}

/** The same to the second, with the zone's name. */
export function exactTime(moment: number, zone?: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    dateStyle: "full",
    timeStyle: "long",
    ...(zone && { timeZone: zone }),
  }).format(moment);
}

/** How long ago, in one unit; the date itself after a month, and for what is yet to come. */
export function ago(moment: number, now: number = Date.now()): string {
  const passed = now - moment;
  if (passed < -MINUTE || passed >= 30 * DAY) return dateTime(moment).replace(/,? \d\d:\d\d$/, "");
  if (passed < MINUTE) return "just now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  const days = Math.floor(passed / DAY);
  return days === 1 ? "yesterday" : `${days} days ago`;
}

/** The two largest units: `350 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function duration(span: number): string {
  if (span < 1000) return `${Math.max(0, Math.round(span))} ms`;
  if (span < 10_000) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(span / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(seconds, 60, "min", 1, "s");
  return seconds < 86_400 ? pair(seconds, 3600, "h", 60, "min") : pair(seconds, 86_400, "d", 3600, "h");
}

function pair(seconds: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % large) / small);
  const whole = `${Math.floor(seconds / large)} ${largeName}`;
  return rest ? `${whole} ${rest} ${smallName}` : whole;
}
