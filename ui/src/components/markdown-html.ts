import DOMPurify from "dompurify";
import { Marked } from "marked";

const TAGS = ["a", "p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"];
const ATTRIBUTES = ["href", "title", "align", "start"];

/** HTML in the text is left out before anything reads it. */
const marked = new Marked({ gfm: true, renderer: { html: () => "" } });

/** Nothing but text and links is let through: no pictures, which would tell their server who reads, and no styles. */
export function htmlOf(markdown: string): string {
  if (!DOMPurify.isSupported) return escaped(markdown);
  const raw = marked.parse(markdown, { async: false });
  const clean = DOMPurify.sanitize(raw, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/(?!\/)|#)/i });
  const box = document.createElement("div");
  box.innerHTML = clean;
  for (const link of box.querySelectorAll("a")) link.setAttribute("rel", "noreferrer noopener");
  // The page has headings of its own above these.
  for (const heading of box.querySelectorAll("h1, h2, h3")) {
    const lower = document.createElement("h4");
    lower.append(...heading.childNodes);
    heading.replaceWith(lower);
  }
  return box.innerHTML;
}

/** The text as it is, where the browser cannot clean. */
function escaped(text: string): string {
  const box = document.createElement("p");
  box.textContent = text;
  return box.outerHTML;
}
