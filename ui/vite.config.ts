import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/lineal/server/static",
    emptyOutDir: true,
    target: ["chrome123", "firefox128", "safari17.5"],
    // A data: address would be refused by a strict content security policy.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/api": "http://127.0.0.1:5000" } },
});
