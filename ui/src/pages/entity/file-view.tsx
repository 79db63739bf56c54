/** A file in place: text, JSON, pictures, tables, Markdown and HTML. */

import { useQuery } from "@tanstack/react-query";
import { ApiError, filePath } from "../../api/client";
import { parse } from "../../api/parse";
import type { Value } from "../../api/types";
import { Json } from "../../components/json";
import { Markdown } from "../../components/markdown";
import { Failure } from "../../components/problem";
import { Empty, Waiting } from "../../components/small";
import { parseTable } from "../../format/csv";
import { fileSize } from "../../format/number";

const MOST = 1_000_000;
const MOST_ROWS = 500;

type Shape = "image" | "html" | "json" | "table" | "markdown" | "text" | "binary";

const SHAPES: [RegExp, Shape][] = [
  [/\.(png|jpe?g|gif|webp|svg|bmp|ico|avif)$/i, "image"],
  [/\.html?$/i, "html"],
  [/\.(json|ipynb|geojson)$/i, "json"],
  [/\.(csv|tsv)$/i, "table"],
  [/\.(md|markdown)$/i, "markdown"],
  [/\.(bin|pkl|pickle|pt|pth|onnx|h5|parquet|zip|gz|tar|npz|npy|joblib|safetensors|model|so|whl|pdf|cloudpickle)$/i, "binary"],
];

export function shapeOf(path: string): Shape {
  return SHAPES.find(([pattern]) => pattern.test(path))?.[1] ?? "text";
}

export function FileView({ uuid, path, size }: { uuid: string; path: string; size: number | null }) {
  const shape = shapeOf(path);
  const source = filePath(uuid, path);
  const name = path.split("/").at(-1) ?? path;
  return (
    <section className="file-view card" aria-label={name}>
      {shape === "image" && <img src={source} alt={name} />}
      {shape === "html" && <iframe src={source} sandbox="" title={name} />}
      {shape === "binary" && (
        <Empty>
          {name} is no text{size === null ? "" : `, ${fileSize(size)}`}. <a href={source} download={name}>Download it</a>
        </Empty>
      )}
      {!/image|html|binary/.test(shape) && <Text source={source} shape={shape} path={path} />}
    </section>
  );
}

function Text({ source, shape, path }: { source: string; shape: Shape; path: string }) {
  const { data, error, refetch } = useQuery({ queryKey: ["files", source], queryFn: ({ signal }) => beginning(source, signal) });
  if (error) return <Failure error={error} retry={refetch} />;
  if (data === undefined) return <Waiting lines={6} />;
  if (data.text.includes("\0")) return <Empty>This is no text.</Empty>;
  return (
    <>
      <Body text={data.text} shape={data.cut && shape === "json" ? "text" : shape} separator={/tsv$/i.test(path) ? "\t" : ","} />
      {data.cut && <p className="muted">Only the beginning is shown.</p>}
    </>
  );
}

async function beginning(source: string, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const response = await fetch(source, { signal, headers: { range: `bytes=0-${MOST - 1}` }, credentials: "same-origin" });
  if (response.status === 416) return { text: "", cut: false };
  if (!response.ok) throw new ApiError(response.status, response.status === 404 ? "not_found" : "internal", "The file cannot be read.");
  return { text: await response.text(), cut: response.status === 206 };
}

function Body({ text, shape, separator }: { text: string; shape: Shape; separator: string }) {
  if (text === "") return <Empty>The file is empty.</Empty>;
  if (shape === "markdown") return <Markdown text={text} />;
  if (shape === "table") return <Table rows={parseTable(text, separator, MOST_ROWS + 1)} />;
  if (shape === "json") return <JsonBody text={text} />;
  return (
    <pre className="file-text" tabIndex={0}>
      {text}
    </pre>
  );
}

function JsonBody({ text }: { text: string }) {
  let value: Value;
  try {
    value = parse(text) as Value;
  } catch {
    return <Body text={text} shape="text" separator="," />;
  }
  const table = tableIn(value);
  return table ? <Table rows={table} /> : <Json value={value} />;
}

/** What MLflow's `log_table` writes: names of columns, and rows. */
function tableIn(value: Value): string[][] | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { columns, data } = value;
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return null;
  const text = (each: Value) => (typeof each === "object" && each !== null ? JSON.stringify(each) : String(each ?? ""));
  return [columns.map(text), ...data.slice(0, MOST_ROWS).map((row) => (row as Value[]).map(text))];
}

function Table({ rows: [head = [], ...rows] }: { rows: string[][] }) {
  return (
    <div className="table-box file-table" tabIndex={0} role="region" aria-label="Table">
      <table className="table">
        <thead>
          <tr>
            {head.map((name, at) => (
              <th key={at} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, index) => (
                <td key={index} className={/^-?[\d.]+(e[+-]?\d+)?$/i.test(cell) ? "number" : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length >= MOST_ROWS && <p className="muted">The first {MOST_ROWS} rows are shown.</p>}
    </div>
  );
}
