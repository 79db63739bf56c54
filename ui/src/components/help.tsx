/** What the keyboard can do, on `?`. */

import { Dialog } from "./dialog";

const GROUPS: [heading: string, keys: [keys: string, about: string][]][] = [
  [
    "Everywhere",
    [
      ["/", "Search; so does Ctrl K"],
      ["g f", "Find"],
      ["g r", "Runs"],
      ["g m", "Models"],
      ["g l", "Lineage"],
      ["g a", "Activity"],
      ["g h", "Start page"],
      ["t", "Light, dark, as the system"],
      ["?", "This sheet"],
    ],
  ],
  [
    "Runs",
    [
      ["↑ ↓ ← →", "Move between cells"],
      ["Space", "Select the run"],
      ["Enter", "Open the run; on a heading, sort"],
      ["f", "Only runs with the value of this cell"],
      ["e", "Write a filter"],
      ["c", "Compare the selected runs"],
      ["Esc", "Select none"],
    ],
  ],
  [
    "Lineage",
    [
      ["Tab", "From node to node"],
      ["Enter", "Light up all that hangs on the node"],
      ["o", "Open the page of the node"],
      ["+ −", "Larger, smaller"],
      ["0", "Fit into the window"],
      ["[ ]", "Show what comes before, after it"],
      ["x", "Show or hide the columns of a data set"],
      ["p", "Way from the node to the next one chosen"],
      ["Esc", "Light up nothing"],
    ],
  ],
];

export function Help({ close }: { close: () => void }) {
  return (
    <Dialog heading="Keyboard" close={close}>
      <div className="help">
        {GROUPS.map(([heading, keys]) => (
          <section key={heading}>
            <h3>{heading}</h3>
            <dl>
              {keys.map(([key, about]) => (
                <div key={key}>
                  <dt>
                    {key.split(" ").map((each) => (
                      <kbd key={each}>{each}</kbd>
                    ))}
                  </dt>
                  <dd>{about}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
