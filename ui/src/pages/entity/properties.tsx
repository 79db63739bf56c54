import { useState } from "react";
import type { Document, Value } from "../../api/types";
import { Json } from "../../components/json";
import { CopyButton, Empty, Section, useFew } from "../../components/small";
import { embedded, groupProperties, short, type PropertyGroup } from "../../format/properties";

const FEW = 30;
const FILTER_FROM = 12;
const LONG = 240;

export function Properties({ properties }: { properties: Document }) {
  return groupProperties(properties).map((group) => <Group key={group.heading} group={group} />);
}

function Group({ group: { heading, items } }: { group: PropertyGroup }) {
  const [filter, setFilter] = useState("");
  const found = items.filter(([name, value]) => `${name} ${short(value)}`.toLowerCase().includes(filter.toLowerCase()));
  const { shown, more } = useFew(found, FEW);
  return (
    <Section
      heading={heading}
      aside={items.length >= FILTER_FROM && <Filter what={heading.toLowerCase()} value={filter} change={setFilter} />}
    >
      <table className="table properties">
        <tbody>
          {shown.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <PropertyValue name={name} value={value} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.length === 0 && <Empty>None of {items.length} matches.</Empty>}
      {more}
    </Section>
  );
}

export function Filter({ what, value, change }: { what: string; value: string; change: (value: string) => void }) {
  return (
    <input
      type="search"
      className="filter"
      placeholder="Filter"
      aria-label={`Filter ${what}`}
      value={value}
      onChange={(event) => change(event.target.value)}
    />
  );
}

function PropertyValue({ name, value }: { name: string; value: Value }) {
  const document = typeof value === "string" ? embedded(value) : typeof value === "object" ? value : undefined;
  if (document != null) {
    return (
      <details className="fold">
        <summary>{short(document).slice(0, 120)}</summary>
        <Json value={document} />
      </details>
    );
  }
  return (
    <span className="value">
      <Text text={short(value)} />
      <CopyButton text={short(value)} what={name} />
    </span>
  );
}

function Text({ text }: { text: string }) {
  if (/^https?:\/\/\S+$/.test(text)) {
    return (
      <a href={text} target="_blank" rel="noreferrer">
        {text}
      </a>
    );
  }
  if (text.length <= LONG) return <span className="value-text">{text}</span>;
  return (
    <details className="fold">
      <summary>{text.slice(0, LONG)}…</summary>
      <span className="value-text">{text}</span>
    </details>
  );
}
