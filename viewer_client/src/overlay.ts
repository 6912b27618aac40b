// What lies over the picture: figures, notes, progress, errors, help. Templates only; the element holds the state.
import { html, nothing, type TemplateResult } from "lit";
import { help } from "./bindings";
import { annotateIcon, closeIcon, fullscreenIcon, helpIcon, pickIcon, resetIcon, statisticsIcon } from "./icons";
import type { SessionState } from "./session";
import type { Tool } from "./tools";
import { figures, type Stats } from "./stats";
import type { DeviceInfo, ProgressMessage } from "./wire";

export interface Toast {
  id: number;
  text: string;
}

export function statusBar(stats: Stats, device: DeviceInfo | null): TemplateResult {
  const line = figures(stats);
  return html`<div class="status" part="status">
    ${line ? html`<span class="number figures" title="Size · samples per pixel · frames per second · time from a movement to its picture">${line}</span>` : nothing}
    ${device === null ? nothing : html`<span class="device" title=${device.version}>${device.name}</span>`}
    ${device?.software ? html`<span class="badge" title="No GPU is used; pictures come slower.">software renderer</span>` : nothing}
  </div>`;
}

const NOTES: Record<SessionState, string> = {
  idle: "Not connected",
  connecting: "Connecting…",
  connected: "",
  reconnecting: "Reconnecting…",
  unauthorized: "",
};

/** The note in the middle of the top: how the connection and the renderer are. */
export function connectionNote(state: SessionState, reason: string, worker: string): TemplateResult | typeof nothing {
  const text = NOTES[state] || worker;
  if (!text) return nothing;
  return html`<div class="note" part="note">
    ${state === "idle" ? nothing : html`<span class="spinner"></span>`}
    <span>${text}</span>
    ${NOTES[state] && reason ? html`<span class="reason">${reason}</span>` : nothing}
  </div>`;
}

export function opening(progress: ProgressMessage | null): TemplateResult | typeof nothing {
  if (progress === null) return nothing;
  const known = progress.total > 0;
  return html`<div class="card opening">
    <label for="opening">${progress.what}</label>
    ${
      known
        ? html`<progress id="opening" max=${progress.total} .value=${progress.done}></progress>
            <span class="number quiet">${Math.floor((100 * progress.done) / progress.total)} %</span>`
        : html`<progress id="opening"></progress>`
    }
  </div>`;
}

export function toasts(list: readonly Toast[], dismiss: (id: number) => void): TemplateResult {
  return html`<div class="toasts" role="alert">
    ${list.map(
      (toast) =>
        html`<div class="toast">
          <span>${toast.text}</span>
          <button aria-label="Dismiss" @click=${() => dismiss(toast.id)}>${closeIcon}</button>
        </div>`,
    )}
  </div>`;
}

export function locked(reason: string, again: () => void): TemplateResult {
  return html`<div class="card locked" role="alert">
    <strong>This view is locked</strong>
    <p>${reason}</p>
    <button class="primary" @click=${again}>Try again</button>
  </div>`;
}

export interface ToolActions {
  choose(tool: Tool): void;
  reset(): void;
  statistics(): void;
  fullscreen(): void;
  help(): void;
}

export function toolbar(does: ToolActions, statisticsOn: boolean, tool: Tool): TemplateResult {
  const choice = (which: Tool, words: string, key: string, icon: TemplateResult): TemplateResult =>
    html`<button
      title=${`${words} (${key})`}
      aria-label=${words}
      aria-pressed=${tool === which ? "true" : "false"}
      @click=${() => does.choose(which)}
    >
      ${icon}
    </button>`;
  return html`<div class="tools" role="toolbar" aria-label="View" part="tools">
    ${choice("pick", "What is there?", "p", pickIcon)} ${choice("annotate", "Put a point", "m", annotateIcon)}
    <button title="Reset the view (r)" aria-label="Reset the view" @click=${does.reset}>${resetIcon}</button>
    <button
      title="Statistics (\\)"
      aria-label="Statistics"
      aria-pressed=${statisticsOn ? "true" : "false"}
      @click=${does.statistics}
    >
      ${statisticsIcon}
    </button>
    <button title="Full screen (f)" aria-label="Full screen" @click=${does.fullscreen}>${fullscreenIcon}</button>
    <button title="Help (h)" aria-label="Help" @click=${does.help}>${helpIcon}</button>
  </div>`;
}

export function helpContent(close: () => void): TemplateResult {
  return html`<header>
      <h2>Help</h2>
      <button aria-label="Close" @click=${close}>${closeIcon}</button>
    </header>
    ${help().map(
      (part) =>
        html`<section>
          <h3>${part.title}</h3>
          <dl>
            ${part.rows.map(
              (row) =>
                html`<dt>${row.does}</dt>
                  <dd>${row.ways.map((way) => html`<kbd>${way}</kbd>`)}</dd>`,
            )}
          </dl>
        </section>`,
    )}`;
}
