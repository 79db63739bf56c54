/** A document as a tree that folds. */

import type { Value } from "../api/types";
import { useFew } from "./small";

const MANY = 100;

export function Json({ value, depth = 0 }: { value: Value; depth?: number }) {
  if (value === null || typeof value !== "object") return <Leaf value={value} />;
  const items: [string, Value][] = Array.isArray(value)
    ? value.map((item, index) => [String(index), item])
    : Object.entries(value);
  if (items.length === 0) return <span className="json-mark">{Array.isArray(value) ? "[]" : "{}"}</span>;
  return depth === 0 ? (
    <Items items={items} depth={depth} />
  ) : (
    <details className="json-fold" open={depth < 3 && items.length <= 20}>
      <summary>{summary(value, items.length)}</summary>
      <Items items={items} depth={depth} />
    </details>
  );
}

function Items({ items, depth }: { items: [string, Value][]; depth: number }) {
  const { shown, more } = useFew(items, MANY);
  return (
    <>
      <ul className="json">
        {shown.map(([key, item]) => (
          <li key={key}>
            <span className="json-key">{key}</span> <Json value={item} depth={depth + 1} />
          </li>
        ))}
      </ul>
      {more}
    </>
  );
}

function Leaf({ value }: { value: Exclude<Value, object> | null }) {
  const type = value === null ? "null" : typeof value;
  return (
    <span className="json-leaf" data-type={type}>
      {value === "" ? "“”" : String(value)}
    </span>
  );
}

function summary(value: object, length: number): string {
  const noun = Array.isArray(value) ? "item" : "field";
  return `${length} ${noun}${length === 1 ? "" : "s"}`;
}
