import { env } from "node:process";
import { defineConfig } from "vitest/config";

// Two builds: the page, and (mode "element") one file for other pages and notebooks to import.
export default defineConfig(({ mode }) => ({
  // Relative addresses, so that the client works under any path of a proxy.
  base: "./",
  publicDir: mode === "element" ? (false as const) : "public",
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // Images stay files: `data:` addresses would need room in the content security policy.
    assetsInlineLimit: 0,
    ...(mode === "element"
      ? {
          emptyOutDir: false,
          lib: { entry: "src/element.ts", formats: ["es" as const], fileName: () => "hosta-view.js" },
        }
      : {}),
  },
  // `npm run dev` shows the page; a running server, named by HOSTA_SERVER, answers its requests.
  server: env.HOSTA_SERVER
    ? { proxy: { "/api": { target: env.HOSTA_SERVER, headers: { origin: env.HOSTA_SERVER } } } }
    : {},
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
}));
