// @vitest-environment jsdom
import { expect, test } from "vitest";
import { htmlOf } from "./markdown-html";

test("markdown becomes text with links", () => {
  expect(htmlOf("**a** [b](https://x.y/) `c`")).toBe('<p><strong>a</strong> <a href="https://x.y/" rel="noreferrer noopener">b</a> <code>c</code></p>\n');
});

test.each([
  "<script>alert(1)</script>",
  '<img src=x onerror="alert(1)">',
  "[a](javascript:alert(1))",
  '<iframe src="https://x.y"></iframe>',
  '<a href="//evil.example" onclick="alert(1)">a</a>',
  "![p](https://tracker.example/p.png)",
  '<svg><style>*{background:url("https://x.y")}</style></svg>',
  '<form action="https://x.y"><input></form>',
])("%s does no harm", (text) => {
  expect(htmlOf(text)).not.toMatch(/script|onerror|onclick|javascript:|<img|<iframe|<style|<form|tracker|evil/);
});
