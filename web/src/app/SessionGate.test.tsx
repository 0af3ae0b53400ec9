import { act, fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { SessionGate } from "@/app/SessionGate";
import { SessionMark } from "@/app/SessionMark";

const OPEN = { required: false, name: "", roles: [], encrypted: false };
const CLOSED = { ...OPEN, required: true };

function serve(...answers: [number, unknown][]) {
  const fetched = vi.fn(() => {
    const [status, body] = answers.length > 1 ? answers.shift()! : answers[0]!;
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

async function renderGate() {
  const entered = vi.fn();
  await act(async () => {
    render(
      <SessionGate onEnter={entered}>
        <p>inside</p>
        <SessionMark />
      </SessionGate>,
    );
  });
  return entered;
}

it("lets everybody in where no token is wanted", async () => {
  serve([200, OPEN]);
  expect(await renderGate()).toHaveBeenCalledOnce();
  expect(screen.getByText("inside")).toBeInTheDocument();
});

it("asks for a token first, hands it over, and forgets it", async () => {
  const fetched = serve(
    [200, CLOSED],
    [401, { error: "the token is not known here" }],
    [200, { ...CLOSED, name: "ann", roles: ["read"] }],
  );
  const entered = await renderGate();
  expect(screen.queryByText("inside")).toBeNull();
  const begin = async (token: string) => {
    fireEvent.change(screen.getByLabelText("Token"), { target: { value: token } });
    await act(async () => fireEvent.click(screen.getByRole("button", { name: "Begin" })));
  };
  await begin("wrong");
  expect(screen.getByRole("alert")).toHaveTextContent("the token is not known here");
  expect(screen.getByLabelText("Token")).toHaveValue("");
  expect(entered).not.toHaveBeenCalled();
  await begin("right");
  expect(fetched).toHaveBeenLastCalledWith(
    "/api/session",
    expect.objectContaining({ method: "POST", body: '{"token":"right"}' }),
  );
  expect(entered).toHaveBeenCalledOnce();
  expect(screen.getByRole("button", { name: "Leave (ann)" })).toBeInTheDocument();
});
