import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// A node to develop against: RAFTLY=http://localhost:8001 npm run dev.
const server = process.env["RAFTLY"] ?? "http://localhost:8001";

// The dashboard and the laboratory are built one after the other, each into a script of its own: who looks after a
// cluster loads nothing of the laboratory. Some tabs of the dashboard are a second script, which is loaded after the first.
export default defineConfig(({ mode }) => ({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    // The names below assets/ carry a hash of the content: the server lets browsers keep them for good.
    emptyOutDir: mode !== "lab",
    rollupOptions: {
      input: mode === "lab" ? "lab.html" : "index.html",
      output: {
        entryFileNames: `assets/${mode === "lab" ? "lab" : "dashboard"}-[hash].js`,
        assetFileNames: `assets/${mode === "lab" ? "lab" : "dashboard"}-[hash][extname]`,
        hashCharacters: "hex",
        chunkFileNames: "assets/dashboard-tabs-[hash].js",
      },
    },
    modulePreload: false,
    target: "es2022",
  },
  server: {
    proxy: Object.fromEntries(["/api", "/keys", "/status"].map((path) => [path, server])),
  },
  test: {
    restoreMocks: true,
    unstubGlobals: true,
    // Only components pay for a document.
    projects: [
      { extends: true, test: { name: "logic", environment: "node", include: ["src/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "page", environment: "jsdom", include: ["src/**/*.test.tsx"], setupFiles: ["src/test/setup.ts"] },
      },
    ],
  },
}));
