/** A drawing as a file of its own: the styles that the page gives it become attributes. */

const COPIED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "fill-opacity", "font-size", "font-family", "font-weight", "text-anchor", "marker-end"];

export interface Extent {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function svgText(content: SVGGElement, extent: Extent, background: string): string {
  const copy = content.cloneNode(true) as SVGGElement;
  const from = [content, ...content.querySelectorAll<SVGElement>("*")];
  const to = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  from.forEach((element, at) => dress(to[at]!, getComputedStyle(element)));
  for (const extra of copy.querySelectorAll("[data-control]")) extra.remove();
  copy.removeAttribute("transform");
  const { x, y, width, height } = extent;
  const frame = `xmlns="http://www.w3.org/2000/svg" viewBox="${x} ${y} ${width} ${height}" width="${width}" height="${height}"`;
  const defs = content.ownerSVGElement?.querySelector("defs")?.cloneNode(true) as SVGElement | undefined;
  for (const path of defs?.querySelectorAll("path") ?? []) {
    path.removeAttribute("class");
    path.setAttribute("fill", "#7d8695");
  }
  const body = new XMLSerializer().serializeToString(copy);
  return `<svg ${frame}><rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${background}"/>${defs?.outerHTML ?? ""}${body}</svg>`;
}

function dress(element: SVGElement, style: CSSStyleDeclaration): void {
  for (const name of COPIED) {
    const value = style.getPropertyValue(name);
    if (value && value !== "none") element.setAttribute(name, value.replace(/"/g, "'"));
    else if (name === "fill" && value === "none") element.setAttribute("fill", "none");
  }
  for (const name of ["class", "tabindex", "role", "aria-label", "href", "data-lit", "style"]) element.removeAttribute(name);
}

export function save(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const MOST_PIXELS = 8000;

export async function pngOf(svg: string, { width, height }: Extent): Promise<Blob> {
  const scale = Math.min(2, MOST_PIXELS / Math.max(width, height));
  const picture = new Image();
  picture.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d")!.drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(picture.src);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))), "image/png"));
}
