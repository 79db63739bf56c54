// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { FileView, shapeOf } from "./file-view";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show(path: string, content: string, status = 200) {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(content, { status })));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FileView uuid="u" path={path} size={content.length} />
    </QueryClientProvider>,
  );
}

test("a table of MLflow's is a table, other JSON a tree", async () => {
  show("eval/table.json", '{"columns": ["question", "score"], "data": [["why?", 0.5]]}');
  expect((await screen.findByRole("cell", { name: "why?" })).className).toBe("");
  expect(screen.getByRole("cell", { name: "0.5" }).className).toBe("number");
  cleanup();
  show("conf.json", '{"depth": 12345678901234567890}');
  expect(await screen.findByText("12345678901234567890")).toBeTruthy();
});

test("broken JSON is text, a long file is cut, bytes are not shown", async () => {
  show("a.json", "{broken");
  expect(await screen.findByText("{broken")).toBeTruthy();
  cleanup();
  show("a.log", "line", 206);
  expect(await screen.findByText("Only the beginning is shown.")).toBeTruthy();
  cleanup();
  show("a.txt", "a\0b");
  expect(await screen.findByText("This is no text.")).toBeTruthy();
});

test("HTML is shut in, and what is no text can be downloaded", () => {
  show("a.html", "");
  expect(screen.getByTitle("a.html").getAttribute("sandbox")).toBe("");
  cleanup();
  show("model.pkl", "xx");
  expect(screen.getByRole("link", { name: "Download it" }).getAttribute("download")).toBe("model.pkl");
  expect([shapeOf("a/b.PNG"), shapeOf("README"), shapeOf("x.tsv")]).toEqual(["image", "text", "table"]);
});
