// <hosta-panel>: the controls of a view. Give it the view: `panel.view = document.querySelector("hosta-view")`.
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { HostaView } from "../hosta-view";
import { resetIcon } from "../icons";
import { valueAt, type Path } from "../patch";
import { fields, theme } from "../theme";
import type { ViewState } from "../wire";
import { layerControls } from "./layers";
import { panelStyles } from "./panel-styles";
import { cropControls, displayControls, lightControls, shadingControls } from "./scene-controls";

/** Puts a value at a path of the state. */
export type Put = (path: Path, value: unknown) => void;

@customElement("hosta-panel")
export class HostaPanel extends LitElement {
  @property({ attribute: false }) view: HostaView | null = null;

  private stop = new AbortController();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stop.abort();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.follow();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("view")) this.follow();
  }

  private follow(): void {
    this.stop.abort();
    this.stop = new AbortController();
    for (const name of ["hosta-state", "hosta-connected", "hosta-connection"]) {
      this.view?.addEventListener(name, () => this.requestUpdate(), { signal: this.stop.signal });
    }
  }

  private readonly put: Put = (path, value) => this.view?.patch({ path, value });

  private section(title: string, roots: readonly Path[], state: ViewState, body: unknown): TemplateResult {
    const standard = this.view?.defaultState ?? state;
    const differs = roots.some(
      (path) => JSON.stringify(valueAt(state, path)) !== JSON.stringify(valueAt(standard, path)),
    );
    const reset = (): void => this.view?.patch(...roots.map((path) => ({ path, value: valueAt(standard, path) })));
    return html`<section aria-label=${title}>
      <header>
        <h2>${title}</h2>
        <button title="Reset" aria-label=${`Reset ${title.toLowerCase()}`} ?disabled=${!differs} @click=${reset}>
          ${resetIcon}
        </button>
      </header>
      ${body}
    </section>`;
  }

  protected override render(): TemplateResult {
    const state = this.view?.viewState ?? null;
    const scene = this.view?.scene ?? null;
    if (state === null || scene === null) {
      return html`<p class="empty">The controls appear when the scene is open.</p>`;
    }
    const { put } = this;
    return html`
      <div class="all" ?inert=${this.view?.state !== "connected"}>
        ${this.section(
          "Layers",
          [["layers"]],
          state,
          state.layers.map((layer, i) => layerControls(layer, scene.layers[i], i, put)),
        )}
        ${this.section("Shading", [["shading"]], state, shadingControls(state, put))}
        ${this.section("Light", [["lighting"]], state, lightControls(state, put))}
        ${this.section("Picture", [["display"], ["samples"]], state, displayControls(state, put))}
        ${this.section("Crop", [["crop"]], state, cropControls(state, scene, put))}
        <footer>
          <button class="wide" @click=${() => this.view?.resetCamera()}>Reset the view</button>
          <button class="wide" @click=${() => this.view?.resetAll()}>Reset everything</button>
        </footer>
        ${
          scene.notes.length
            ? html`<ul class="notes">
                ${scene.notes.map((note) => html`<li>${note}</li>`)}
              </ul>`
            : nothing
        }
      </div>
    `;
  }

  static override styles = [theme, fields, panelStyles];
}

declare global {
  interface HTMLElementTagNameMap {
    "hosta-panel": HostaPanel;
  }
}
