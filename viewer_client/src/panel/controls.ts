// The controls that all parts of the panel are made of, as templates.
import { html, nothing, type TemplateResult } from "lit";
import { foldIcon } from "../icons";
import type { Change, Path } from "../patch";
import type { SegmentQuery } from "../searches";
import type { Camera, PointAnnotation, SceneSummary, SegmentsFoundMessage, ViewState } from "../wire";
import type { Folds } from "./folds";
import { colorOf, hexOf, readable } from "./numbers";
import "./slider";

/** Puts a value at a path of the state. */
export type Put = (path: Path, value: unknown) => void;

/** What a part of the panel is drawn from, and what it acts on. */
export interface Context {
  state: ViewState;
  /** The scene's own state, to go back to. */
  standard: ViewState;
  scene: SceneSummary;
  put: Put;
  /** Several changes at once, also of sets and tables. */
  patch: (...changes: Change[]) => void;
  searchSegments: (query: SegmentQuery) => Promise<SegmentsFoundMessage>;
  folds: Folds;
  annotations: readonly PointAnnotation[];
  /** Gives an annotation another label. */
  rename(id: string, label: string): void;
  /** Takes an annotation away. */
  remove(id: string): void;
  /** The camera in the hand now, which may be newer than the state. */
  camera(): Camera;
  look(camera: Camera): void;
  /** Width by height of the picture. */
  aspect(): number;
}

export const percent = (value: number): string => `${Math.round(100 * value)} %`;

const plain = (value: number): string => readable(value, 3);

export interface Slide {
  label: string;
  /** What it belongs to, for screen readers, where the label alone would not say. */
  of?: string;
  path: Path;
  value: number;
  min?: number;
  max?: number;
  step?: number;
  scale?: "linear" | "log";
  words?: (value: number) => string;
  /** From the slider's number to what is put; the number itself when not given. */
  put?: (value: number) => unknown;
}

export function slide(put: Put, given: Slide): TemplateResult {
  const { label, of = "", path, value, min = 0, max = 1, step = 0.01, scale = "linear", words = plain } = given;
  return html`<hosta-slider
    .label=${label}
    .of=${of}
    .value=${value}
    .min=${min}
    .max=${max}
    .step=${step}
    .scale=${scale}
    .words=${words}
    @hosta-input=${(event: CustomEvent<number>) => put(path, given.put ? given.put(event.detail) : event.detail)}
  ></hosta-slider>`;
}

/** Options by their values; those of a nested record stand together under its name. */
export type Options = Record<string, string | Record<string, string>>;

function optionList(options: Options, value: string): TemplateResult[] {
  return Object.entries(options).map(([key, words]) =>
    typeof words === "string"
      ? html`<option value=${key} ?selected=${key === value} .selected=${key === value}>${words}</option>`
      : html`<optgroup label=${key}>${optionList(words, value)}</optgroup>`,
  );
}

export function select(label: string, value: string, options: Options, chosen: (value: string) => void) {
  return html`<select
    aria-label=${label}
    @change=${(event: Event) => chosen((event.target as HTMLSelectElement).value)}
  >
    ${optionList(options, value)}
  </select>`;
}

/** A row of a name and a control. */
export function row(name: string, control: unknown): TemplateResult {
  return html`<div class="row"><span class="name" title=${name}>${name}</span>${control}</div>`;
}

/** `of` says to screen readers what the choice belongs to, where its label alone would not. */
export function choice(put: Put, label: string, path: Path, value: string, options: Options, of = ""): TemplateResult {
  return row(
    label,
    select(of ? `${label} of ${of}` : label, value, options, (chosen) => put(path, chosen)),
  );
}

export function colorInput(label: string, value: readonly number[], put: (color: number[]) => void): TemplateResult {
  return html`<input
    type="color"
    aria-label=${label}
    title=${label}
    .value=${hexOf(value)}
    @input=${(event: Event) => put(colorOf((event.target as HTMLInputElement).value))}
  />`;
}

export function colorField(put: Put, label: string, path: Path, value: readonly number[], of = ""): TemplateResult {
  return row(
    label,
    colorInput(of ? `${label} of ${of}` : label, value, (color) => put(path, color)),
  );
}

export function toggle(label: string, on: boolean, put: (on: boolean) => void): TemplateResult {
  return html`<input
    class="switch"
    type="checkbox"
    role="switch"
    aria-label=${label}
    .checked=${on}
    @change=${(event: Event) => put((event.target as HTMLInputElement).checked)}
  />`;
}

export function switchRow(label: string, on: boolean, put: (on: boolean) => void, of = ""): TemplateResult {
  return row(label, toggle(of ? `${label}: ${of}` : label, on, put));
}

export function button(label: string, act: () => void, title = label): TemplateResult {
  return html`<button class="wide" title=${title} aria-label=${title} @click=${act}>${label}</button>`;
}

/** A button that stays down: of one of several choices, or of something that is on. */
export function pressButton(label: string, pressed: boolean, act: () => void, title = label): TemplateResult {
  return html`<button
    class="wide"
    title=${title}
    aria-label=${title}
    aria-pressed=${pressed ? "true" : "false"}
    @click=${act}
  >
    ${label}
  </button>`;
}

export function iconButton(icon: TemplateResult, label: string, act: () => void): TemplateResult {
  return html`<button class="small" title=${label} aria-label=${label} @click=${act}>${icon}</button>`;
}

/** A button that opens and closes what follows it. */
export function foldButton(folds: Folds, id: string, title: string, standard = false, controls = id): TemplateResult {
  const open = folds.isOpen(id, standard);
  return html`<button
    class="fold"
    aria-expanded=${open ? "true" : "false"}
    aria-controls=${controls}
    title=${title}
    @click=${() => folds.set(id, !open)}
  >
    ${foldIcon}<span>${title}</span>
  </button>`;
}

/**
 * A part of a card that can be opened; its body is made only then. `id` must be unique in the panel. `standard` is
 * whether it is open until somebody chose.
 */
export function fold(folds: Folds, id: string, title: string, body: () => unknown, standard = false): TemplateResult {
  const open = folds.isOpen(id, standard);
  return html`<div class="part">
    ${foldButton(folds, id, title, standard)}
    <div id=${id} class="body" ?hidden=${!open}>${open ? body() : nothing}</div>
  </div>`;
}
