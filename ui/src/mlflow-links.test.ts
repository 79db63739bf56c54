import { expect, test } from "vitest";
import { pageOf } from "./mlflow-links";

test.each([
  ["#/experiments/12/runs/ab34", "/entity/mlflow.run%3Aab34"],
  ["#/experiments/12/runs/ab34/artifacts", "/entity/mlflow.run%3Aab34"],
  ["#/experiments/12/models/m-56?x=1", "/entity/mlflow.logged_model%3Am-56"],
  ["#/experiments/12?searchFilter=", "/entity/mlflow.experiment%3A12"],
])("%s", (hash, page) => {
  expect(pageOf(hash)).toBe(page);
});

test("any other fragment is left alone", () => {
  expect(pageOf("#main")).toBeNull();
  expect(pageOf("")).toBeNull();
});
