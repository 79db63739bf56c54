/** The description, edited in place as Markdown. */

import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type KeyboardEvent } from "react";
import { call } from "../../api/client";
import type { Change, Entity } from "../../api/types";
import { Icon } from "../../components/icons";
import { Markdown } from "../../components/markdown";
import { short } from "../../format/properties";

const NOTE = "tag.mlflow.note.content";

/** Where the entity's description is; MLflow's clients keep a run's as a tag. */
export function descriptionOf(entity: Entity): { key: string; text: string } {
  const text = short(entity.properties?.["description"]);
  const note = short(entity.properties?.[NOTE]);
  return !text && note ? { key: NOTE, text: note } : { key: "description", text };
}

export function Description({ entity, past }: { entity: Entity; past: boolean }) {
  const { key, text } = descriptionOf(entity);
  const [editing, setEditing] = useState(false);
  if (editing) return <Editor entity={entity} name={key} text={text} close={() => setEditing(false)} />;
  return (
    <div className="description">
      {text && <Markdown text={text} />}
      {!past && (
        <button type="button" className="quiet description-edit" onClick={() => setEditing(true)}>
          <Icon name="edit" /> {text ? "Edit the description" : "Describe it"}
        </button>
      )}
    </div>
  );
}

interface EditorProps {
  entity: Entity;
  name: string;
  text: string;
  close: () => void;
}

function Editor({ entity, name, text, close }: EditorProps) {
  const client = useQueryClient();
  const [value, setValue] = useState(text);
  const [seen, setSeen] = useState(false);
  const [problem, setProblem] = useState("");
  const save = async (event?: FormEvent) => {
    event?.preventDefault();
    try {
      await call("POST", "/changes", changeOf(entity, name, value));
      await client.invalidateQueries({ queryKey: ["entity"] });
      close();
    } catch (error) {
      setProblem(wordsOf(error as Error));
    }
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void save();
  };
  return (
    <form className="description description-form" onSubmit={(event) => void save(event)} onKeyDown={press}>
      {seen ? (
        <div className="card">
          <Markdown text={value} />
        </div>
      ) : (
        <textarea autoFocus rows={7} value={value} aria-label="Description in Markdown" onChange={(event) => setValue(event.target.value)} />
      )}
      <span className="row">
        <button type="submit" className="primary small">
          Save
        </button>
        <button type="button" onClick={() => setSeen(!seen)}>
          {seen ? "Write" : "Preview"}
        </button>
        <button type="button" className="quiet" onClick={close}>
          Cancel
        </button>
        <span className="muted">Markdown · Ctrl Enter saves</span>
      </span>
      {problem && (
        <p className="failure" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

/** Refused when somebody else has changed the entity since it was read. */
function changeOf({ id, revision = 1 }: Entity, name: string, text: string): Change {
  return {
    operations: [
      { op: "expect", ref: { by: "id", id }, that: { is: "at_revision", revision } },
      { op: "put_entity", ref: { by: "id", id }, properties: { [name]: text.trim() || null } },
    ],
  };
}

function wordsOf(error: Error): string {
  if ("code" in error && error.code === "expectation_failed") return "Somebody else has just changed it. Copy your text, cancel, and begin from the new one.";
  return error.message;
}
