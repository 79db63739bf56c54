// @vitest-environment jsdom
import { expect, test, vi } from "vitest";
import { follower } from "./keys";

function press(keys: Parameters<typeof follower>[0], times: [key: string, at: number, target?: HTMLElement][]) {
  let now = 0;
  const follow = follower(keys, () => now);
  for (const [key, at, target = document.body] of times) {
    now = at;
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    Object.defineProperty(event, "target", { value: target });
    follow(event);
  }
}

test("single keys and sequences", () => {
  const [go, single] = [vi.fn(), vi.fn()];
  const keys = () => ({ "g r": go, r: single });
  press(keys, [["g", 0], ["r", 100]]);
  expect([go.mock.calls.length, single.mock.calls.length]).toEqual([1, 0]);
  press(keys, [["g", 0], ["r", 5000]]);
  expect([go.mock.calls.length, single.mock.calls.length]).toEqual([1, 1]);
});

test("not while somebody types, but on a switch", () => {
  const act = vi.fn();
  const field = document.createElement("input");
  const box = Object.assign(document.createElement("input"), { type: "checkbox" });
  press(() => ({ c: act }), [["c", 0, field], ["c", 1, document.createElement("textarea")]]);
  expect(act).not.toHaveBeenCalled();
  press(() => ({ c: act }), [["c", 0, box]]);
  expect(act).toHaveBeenCalledOnce();
});
