import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// A node to develop against: RAFTLY=http://localhost:8001 npm run dev.
const server = process.env["RAFTLY"] ?? "http://localhost:8001";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    // Fixed names: the server embeds these files, and the same source gives the same bytes under the same names.
    rollupOptions: {
      output: {
        entryFileNames: "assets/dashboard.js",
        assetFileNames: "assets/dashboard[extname]",
        inlineDynamicImports: true,
      },
    },
    modulePreload: false,
    target: "es2022",
  },
  server: {
    proxy: Object.fromEntries(["/api", "/keys", "/status"].map((path) => [path, server])),
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
