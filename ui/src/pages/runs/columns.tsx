/** Which columns are shown: a search among all that the runs have. */

import { useState } from "react";
import { Dialog } from "../../components/dialog";
import { Filter } from "../entity/properties";
import { ATTRIBUTES, split, type Column } from "./state";

const MOST_SHOWN = 200;

interface ColumnsProps {
  known: Column[];
  chosen: Column[];
  change: (columns: Column[] | null) => void;
  close: () => void;
}

export function Columns({ known, chosen, change, close }: ColumnsProps) {
  const [text, setText] = useState("");
  const all = [...new Set([...Object.keys(ATTRIBUTES), ...chosen, ...known])];
  const found = all.filter((column) => column.toLowerCase().includes(text.toLowerCase()));
  const groups: [string, Column[]][] = [
    ["Of the run", found.filter((each) => split(each).group === "")],
    ["Metrics", found.filter((each) => split(each).group === "metric")],
    ["Parameters", found.filter((each) => split(each).group === "param")],
    ["Tags", found.filter((each) => split(each).group === "tag")],
  ];
  const toggle = (column: Column) =>
    change(chosen.includes(column) ? chosen.filter((each) => each !== column) : [...chosen, column]);
  return (
    <Dialog heading="Columns" close={close}>
      <div className="row">
        <Filter what="columns" value={text} change={setText} />
        <button type="button" onClick={() => change([...chosen, ...found.filter((each) => !chosen.includes(each))].slice(0, 100))}>
          Show {text ? "these" : "all"}
        </button>
        <button type="button" onClick={() => change(null)}>
          As at first
        </button>
      </div>
      <div className="column-groups">
        {groups.map(
          ([heading, columns]) =>
            columns.length > 0 && (
              <fieldset key={heading}>
                <legend>{heading}</legend>
                {columns.slice(0, MOST_SHOWN).map((column) => (
                  <label key={column} title={split(column).key}>
                    <input type="checkbox" checked={chosen.includes(column)} onChange={() => toggle(column)} />
                    <span>{ATTRIBUTES[column] ?? split(column).key}</span>
                  </label>
                ))}
              </fieldset>
            ),
        )}
      </div>
    </Dialog>
  );
}
