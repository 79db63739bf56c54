/** Markdown, cleaned of everything that could run or fetch. */

import { useMemo } from "react";
import { htmlOf } from "./markdown-html";

export function Markdown({ text }: { text: string }) {
  const html = useMemo(() => htmlOf(text), [text]);
  return <div className="markdown" dangerouslySetInnerHTML={{ __html: html }} />;
}
