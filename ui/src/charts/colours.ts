/** Colours of series that can be told apart on white and on black, and one that runs from low to high. */

const LIGHT = ["#1d4fd7", "#c2410c", "#0f7b52", "#8b2fc9", "#b3124d", "#0b7285", "#7a5c00", "#5b6472", "#2f6f12", "#a8327f"];
const DARK = ["#8db2ff", "#ff9d66", "#5fd3a4", "#cfa0ff", "#ff8fb0", "#63cfe3", "#e3c35a", "#b3bccb", "#a2d977", "#f08fd0"];

export function colour(at: number, dark: boolean): string {
  const colours = dark ? DARK : LIGHT;
  return colours[at % colours.length]!;
}

const RAMP_LIGHT: Rgb[] = [[52, 82, 190], [20, 130, 140], [70, 150, 60], [190, 120, 10], [190, 40, 40]];
const RAMP_DARK: Rgb[] = [[120, 150, 255], [80, 200, 205], [130, 215, 120], [240, 190, 80], [255, 125, 115]];
type Rgb = [number, number, number];

/** From 0 to 1. */
export function ramp(at: number, dark: boolean): string {
  const stops = dark ? RAMP_DARK : RAMP_LIGHT;
  const where = Math.max(0, Math.min(0.9999, at)) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(where)]!, stops[Math.floor(where) + 1]!];
  const mixed = from.map((each, index) => Math.round(each + (to[index]! - each) * (where % 1)));
  return `rgb(${mixed.join(" ")})`;
}
