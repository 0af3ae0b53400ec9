import { screen } from "@testing-library/react";
import { Suspense } from "react";
import { expect, it } from "vitest";
import { later } from "@/app/later";
import { renderWith } from "@/test/fixtures";

it("shows what was fetched", async () => {
  const Tab = later(() => Promise.resolve(({ name }: { name: string }) => <p>{name}</p>));
  renderWith(
    <Suspense>
      <Tab name="here" />
    </Suspense>,
  );
  expect(await screen.findByText("here")).toBeInTheDocument();
});

it("says in its place that it could not be fetched, and leaves the rest of the page alone", async () => {
  const Tab = later(() => Promise.reject<() => null>(new TypeError("gone")));
  renderWith(
    <>
      <p>the rest</p>
      <Suspense>
        <Tab />
      </Suspense>
    </>,
  );
  expect(await screen.findByRole("alert")).toHaveTextContent("could not be loaded");
  expect(screen.getByRole("button", { name: "Load the page again" })).toBeEnabled();
  expect(screen.getByText("the rest")).toBeInTheDocument();
});
