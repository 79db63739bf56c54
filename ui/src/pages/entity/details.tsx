import type { ReactNode } from "react";
import type { Entity } from "../../api/types";
import { CopyButton, Moment, Section } from "../../components/small";
import { duration } from "../../format/time";

export function Details({ entity }: { entity: Entity }) {
  const { started, ended } = entity;
  return (
    <Section heading="Details">
      <dl className="details">
        {started != null && <Detail name="Started">{<Moment at={started} />}</Detail>}
        {ended != null && <Detail name="Ended">{<Moment at={ended} />}</Detail>}
        {started != null && ended != null && <Detail name="Duration">{duration(ended - started)}</Detail>}
        {entity.created !== undefined && <Detail name="Created">{<Moment at={entity.created} />}</Detail>}
        {entity.updated !== undefined && <Detail name="Changed">{<Moment at={entity.updated} />}</Detail>}
        <Detail name="Revision">{entity.revision ?? 1}</Detail>
        <Detail name="Id">
          <Copyable text={entity.uuid} what="the id" />
        </Detail>
        {entity.external?.map(({ protocol, id }) => (
          <Detail key={`${protocol}:${id}`} name={protocol}>
            <Copyable text={id} what={`the ${protocol} id`} />
          </Detail>
        ))}
      </dl>
    </Section>
  );
}

function Detail({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <span className="copyable">
      <code title={text}>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
}
