// The built client on a local server, as strict as a real one, and a Chromium to open it in.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { build } from "vite";

const POLICY = "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:";
const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const CHROMIUMS = [
  process.env.HOSTA_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The browser to test in; undefined where there is none. */
export const executablePath = CHROMIUMS.find((path) => path !== undefined && existsSync(path));

export class Site {
  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly http: Server,
    readonly browser: Browser,
    private readonly backend: string,
  ) {}

  /** Builds the client, serves it below a path of its own, and starts the browser. */
  static async open(): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "hosta-view-"));
    const root = join(import.meta.dirname, "../..");
    const quiet = { root, logLevel: "warn" as const };
    await build({ ...quiet, build: { outDir: folder, emptyOutDir: true } });
    const bundle = await build({
      ...quiet,
      configFile: false,
      build: {
        write: false,
        lib: { entry: "test/browser/loopback-server.ts", formats: ["iife"], name: "loopback" },
      },
    });
    const [output] = [bundle].flat() as { output: { code: string }[] }[];
    const http = createServer((request, response) => {
      const path = new URL(request.url ?? "", "http://x").pathname.replace(/^\/below\/a\/path\//, "");
      const file = join(folder, path || "index.html");
      const found = !path.includes("..") && existsSync(file);
      response.writeHead(found ? 200 : 404, {
        "content-type": TYPES[extname(file)] ?? "text/plain",
        "content-security-policy": POLICY,
      });
      response.end(found ? readFileSync(file) : "not here");
    });
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    const browser = await chromium.launch({
      executablePath: executablePath!,
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
    const { port } = http.address() as AddressInfo;
    return new Site(`http://127.0.0.1:${port}/below/a/path/`, folder, http, browser, output!.output[0]!.code);
  }

  /** A fresh page on the client, with the loopback server in it. `problems` collects what the browser complains of. */
  async page(options: { fragment?: string; light?: boolean; width?: number; height?: number; prepare?: string } = {}) {
    const page = await this.browser.newPage({
      viewport: { width: options.width ?? 1200, height: options.height ?? 800 },
      colorScheme: options.light ? "light" : "dark",
    });
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.addInitScript(`${this.backend};${options.prepare ?? ""}`);
    // The server in the page has no WebSocket to fall back to.
    await page.goto(`${this.url}?transport=webrtc${options.fragment ?? ""}`);
    return { page, problems };
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.http.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until an expression in the page is true. (Playwright's own waitForFunction needs eval, which the policy forbids.) */
export async function until(page: Page, expression: string, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await page.evaluate(expression))) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${expression}`);
    await page.waitForTimeout(30);
  }
}
