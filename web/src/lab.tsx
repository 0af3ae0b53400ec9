import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SessionGate } from "@/app/SessionGate";
import "@/app/theme.css";
import { LabPage } from "@/features/lab/LabPage";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <SessionGate>
      <LabPage />
    </SessionGate>
  </StrictMode>,
);
