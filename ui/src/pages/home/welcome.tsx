/** What an empty store shows: the lines that fill it. */

import { CopyButton } from "../../components/small";

interface Lesson {
  heading: string;
  about: string;
  code: string;
}

function lessons(origin: string): Lesson[] {
  return [
    {
      heading: "Record your training runs",
      about: "With the mlflow you already use. Parameters, metrics, models and data sets arrive by themselves.",
      code: `import mlflow\n\nmlflow.set_tracking_uri("${origin}")\nmlflow.autolog()`,
    },
    {
      heading: "Or log by hand",
      about: "Every run shows up here while it is still training.",
      code: `with mlflow.start_run(run_name="first"):\n    mlflow.log_param("learning_rate", 0.01)\n    for step in range(100):\n        mlflow.log_metric("loss", 1 / (step + 1), step=step)`,
    },
    {
      heading: "Or from any language",
      about: "Data sets, jobs, people: whatever has a name can be put into the graph with one request.",
      code: `curl ${origin}/api/v1/changes \\\n  -H 'content-type: application/json' \\\n  -d '{"operations": [{"op": "put_entity", "kind": "dataset",\n       "name": "orders", "unique": true}]}'`,
    },
  ];
}

export function Welcome() {
  return (
    <div className="welcome">
      <h2>Nothing is recorded yet</h2>
      <p className="muted">Copy a few lines into your own code and run it. This page changes as soon as something arrives.</p>
      <div className="lessons">
        {lessons(location.origin).map(({ heading, about, code }) => (
          <section key={heading} className="lesson">
            <h3>{heading}</h3>
            <p>{about}</p>
            <div className="code">
              <pre tabIndex={0} aria-label={`Code: ${heading}`}>{code}</pre>
              <CopyButton text={code} what="the code" />
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}
