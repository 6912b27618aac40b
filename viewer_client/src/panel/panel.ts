// <hosta-panel>: the controls of a view. Give it the view: `panel.view = document.querySelector("hosta-view")`.
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { HostaView } from "../hosta-view";
import { resetIcon } from "../icons";
import { valueAt, type Path } from "../patch";
import { fields, theme } from "../theme";
import type { Camera } from "../wire";
import { annotationControls } from "./annotation-controls";
import { cameraControls, lensOf } from "./camera-controls";
import { foldButton, type Context } from "./controls";
import { cutControls, sliceControls } from "./cut-controls";
import { Folds } from "./folds";
import { layerControls } from "./layers";
import { lightControls } from "./light-controls";
import { panelStyles } from "./panel-styles";
import { guideControls, notes, pictureControls, renderingControls, shadingControls } from "./scene-controls";

interface Section {
  title: string;
  /** What its reset puts back. */
  roots: readonly Path[];
  body: (context: Context) => unknown;
  /** Whether it is open until somebody chose. */
  open?: boolean;
}

const SECTIONS: readonly Section[] = [
  { title: "Layers", roots: [["layers"], ["time"]], body: layerControls, open: true },
  { title: "Light", roots: [["lighting"]], body: lightControls, open: true },
  { title: "Shading", roots: [["shading"]], body: shadingControls },
  { title: "Picture", roots: [["display"], ["samples"]], body: pictureControls },
  { title: "Camera", roots: [["camera"]], body: cameraControls },
  { title: "Cut", roots: [["crop"], ["clip_planes"], ["flip"]], body: cutControls },
  { title: "Slices", roots: [["slices"]], body: sliceControls },
  { title: "Guides", roots: [["guides"]], body: guideControls },
  { title: "Annotations", roots: [["guides", "annotations"]], body: annotationControls },
  { title: "Rendering", roots: [["rendering"]], body: renderingControls },
];

@customElement("hosta-panel")
export class HostaPanel extends LitElement {
  @property({ attribute: false }) view: HostaView | null = null;

  private stop = new AbortController();
  private readonly folds = new Folds(() => this.requestUpdate(), `hosta-panel ${location.pathname}`);
  /** The lens that the camera's controls show. */
  private lens = "";

  // Made once, so that what gets them is not drawn again for it.
  private readonly patch: Context["patch"] = (...changes) => this.view?.patch(...changes);
  private readonly searchSegments: Context["searchSegments"] = (query) =>
    this.view ? this.view.searchSegments(query) : Promise.reject(new Error("there is no view"));

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
    if (this.view?.camera) this.lens = lensOf(this.view.camera);
  }

  private follow(): void {
    this.stop.abort();
    this.stop = new AbortController();
    const { signal } = this.stop;
    for (const name of ["hosta-state", "hosta-connected", "hosta-connection", "hosta-annotations"]) {
      this.view?.addEventListener(name, () => this.requestUpdate(), { signal });
    }
    // Turning the view changes nothing here, and comes often.
    const moved = (event: Event): void => {
      if (lensOf((event as CustomEvent<Camera>).detail) !== this.lens) this.requestUpdate();
    };
    this.view?.addEventListener("hosta-camera", moved, { signal });
  }

  private section({ title, roots, body, open }: Section, context: Context): TemplateResult {
    const id = `section-${title.toLowerCase()}`;
    const shown = this.folds.isOpen(id, open);
    const ofCamera = roots[0]?.[0] === "camera";
    // The camera moves more often than this is drawn.
    const differs =
      ofCamera ||
      roots.some(
        (path) => JSON.stringify(valueAt(context.state, path)) !== JSON.stringify(valueAt(context.standard, path)),
      );
    const reset = (): void => {
      if (ofCamera) this.view?.resetCamera();
      else this.view?.patch(...roots.map((path) => ({ path, value: valueAt(context.standard, path) })));
    };
    return html`<section aria-label=${title}>
      <header>
        <h2>${foldButton(this.folds, id, title, open)}</h2>
        <button
          class="small"
          title="Reset"
          aria-label=${`Reset ${title.toLowerCase()}`}
          ?disabled=${!differs}
          @click=${reset}
        >
          ${resetIcon}
        </button>
      </header>
      <div id=${id} class="body" ?hidden=${!shown}>${shown ? body(context) : nothing}</div>
    </section>`;
  }

  private context(view: HostaView): Context | null {
    const { viewState: state, scene, camera } = view;
    if (state === null || scene === null || camera === null) return null;
    return {
      state,
      standard: view.defaultState ?? state,
      scene,
      put: (path, value) => view.patch({ path, value }),
      patch: this.patch,
      searchSegments: this.searchSegments,
      folds: this.folds,
      annotations: view.annotations,
      rename: (id, label) => view.renameAnnotation(id, label),
      remove: (id) => view.deleteAnnotation(id),
      camera: () => view.camera ?? camera,
      look: (next) => {
        view.camera = next;
      },
      aspect: () => view.clientWidth / Math.max(view.clientHeight, 1) || 4 / 3,
    };
  }

  protected override render(): TemplateResult {
    const context = this.view && this.context(this.view);
    if (!context) return html`<p class="empty">The controls appear when the scene is open.</p>`;
    return html`
      <div class="all" ?inert=${this.view?.state !== "connected"}>
        ${SECTIONS.map((section) => this.section(section, context))}
        <footer>
          <button class="wide" @click=${() => this.view?.resetCamera()}>Reset the view</button>
          <button class="wide" @click=${() => this.view?.resetAll()}>Reset everything</button>
        </footer>
        ${notes(context.scene.notes)}
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
