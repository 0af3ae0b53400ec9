import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@/app/theme.css";
import { LabPage } from "@/features/lab/LabPage";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <LabPage />
  </StrictMode>,
);
