// What the pointer and the keys do, as one table: the input code looks actions up in it and the help is made from it.

export type DragAction = "orbit" | "pan" | "zoom" | "window";
export type KeyAction =
  | "reset"
  | "fullscreen"
  | "help"
  | "statistics"
  | "channel"
  | "ortho"
  | "slices"
  | "axes"
  | "scale-bar"
  | "pick"
  | "annotate"
  | "lay-down"
  | "click-middle"
  | "turn-left"
  | "turn-right"
  | "turn-up"
  | "turn-down"
  | "pan-left"
  | "pan-right"
  | "pan-up"
  | "pan-down"
  | "nearer"
  | "farther"
  | "roll-left"
  | "roll-right";

export type Button = "left" | "middle" | "right";
export type Modifier = "shift" | "ctrl" | "alt";

export interface DragBinding {
  button: Button;
  modifier: Modifier | null;
  action: DragAction;
}

export interface KeyBinding {
  keys: readonly string[];
  action: KeyAction;
}

export const DRAGS: readonly DragBinding[] = [
  { button: "left", modifier: null, action: "orbit" },
  { button: "left", modifier: "shift", action: "pan" },
  { button: "right", modifier: null, action: "pan" },
  { button: "middle", modifier: null, action: "pan" },
  { button: "left", modifier: "ctrl", action: "zoom" },
  { button: "left", modifier: "alt", action: "window" },
];

export const KEYS: readonly KeyBinding[] = [
  { keys: ["r"], action: "reset" },
  { keys: ["f"], action: "fullscreen" },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], action: "channel" },
  { keys: ["o"], action: "ortho" },
  { keys: ["s"], action: "slices" },
  { keys: ["a"], action: "axes" },
  { keys: ["b"], action: "scale-bar" },
  { keys: ["p"], action: "pick" },
  { keys: ["m"], action: "annotate" },
  { keys: ["Escape"], action: "lay-down" },
  { keys: ["Enter"], action: "click-middle" },
  { keys: ["h", "?"], action: "help" },
  { keys: ["\\"], action: "statistics" },
  { keys: ["ArrowLeft"], action: "turn-left" },
  { keys: ["ArrowRight"], action: "turn-right" },
  { keys: ["ArrowUp"], action: "turn-up" },
  { keys: ["ArrowDown"], action: "turn-down" },
  { keys: ["shift+ArrowLeft"], action: "pan-left" },
  { keys: ["shift+ArrowRight"], action: "pan-right" },
  { keys: ["shift+ArrowUp"], action: "pan-up" },
  { keys: ["shift+ArrowDown"], action: "pan-down" },
  { keys: ["+", "="], action: "nearer" },
  { keys: ["-", "_"], action: "farther" },
  { keys: ["["], action: "roll-left" },
  { keys: ["]"], action: "roll-right" },
];

interface Modifiers {
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** What a drag with this button and these modifier keys does. */
export function dragAction(button: number, held: Modifiers): DragAction | null {
  const name = (["left", "middle", "right"] as const)[button];
  const modifier = held.altKey ? "alt" : held.ctrlKey || held.metaKey ? "ctrl" : held.shiftKey ? "shift" : null;
  const exact = DRAGS.find((b) => b.button === name && b.modifier === modifier);
  return (exact ?? DRAGS.find((b) => b.button === name && b.modifier === null))?.action ?? null;
}

/** What a key does, and which of the binding's keys it is (0, 1, ...). Browser shortcuts (ctrl, alt, meta) are left alone. */
export function keyAction(event: Modifiers & { key: string }): { action: KeyAction; index: number } | null {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const arrow = event.key.startsWith("Arrow");
  const whole = arrow || event.key === "Escape" || event.key === "Enter";
  const name = arrow && event.shiftKey ? `shift+${event.key}` : whole ? event.key : event.key.toLowerCase();
  for (const binding of KEYS) {
    const index = binding.keys.indexOf(name);
    if (index >= 0) return { action: binding.action, index };
  }
  return null;
}

const DRAG_WORDS: Record<DragAction, string> = {
  orbit: "Turn",
  pan: "Move",
  zoom: "Zoom",
  window: "Window and level of the first channel",
};

const KEY_ROWS: readonly [readonly KeyAction[], string][] = [
  [["reset"], "Reset the view"],
  [["fullscreen"], "Full screen"],
  [["channel"], "Channel on or off"],
  [["ortho"], "Perspective or orthographic"],
  [["slices"], "Slices on or off"],
  [["axes"], "Axes on or off"],
  [["scale-bar"], "Scale bar on or off"],
  [["pick"], "What is there? Then click"],
  [["annotate"], "Put a point. Then click"],
  [["click-middle"], "The same, in the middle of the picture"],
  [["lay-down"], "Back to turning"],
  [["turn-left", "turn-right", "turn-up", "turn-down"], "Turn"],
  [["pan-left", "pan-right", "pan-up", "pan-down"], "Move"],
  [["nearer", "farther"], "Zoom"],
  [["roll-left", "roll-right"], "Roll"],
  [["statistics"], "Statistics"],
  [["help"], "This help"],
];

const ARROWS: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

const keyName = (key: string): string =>
  key.split("+").length > 1 && key !== "+"
    ? key
        .split("+")
        .map((part) => ARROWS[part] ?? part)
        .join(" ")
    : (ARROWS[key] ?? key);

export interface HelpRow {
  does: string;
  ways: string[];
}

/** The help's three lists, made from the tables. */
export function help(): { title: string; rows: HelpRow[] }[] {
  const drags = [...new Set(DRAGS.map((b) => b.action))].map((action) => ({
    does: DRAG_WORDS[action],
    ways: DRAGS.filter((b) => b.action === action).map(
      (b) => `${b.modifier ? `${b.modifier} + ` : ""}${b.button} drag`,
    ),
  }));
  drags.find((row) => row.does === "Zoom")?.ways.unshift("wheel");
  const touch = [
    { does: "Turn", ways: ["one finger"] },
    { does: "Move", ways: ["two fingers"] },
    { does: "Zoom", ways: ["pinch"] },
    { does: "Roll", ways: ["two fingers, rotate"] },
    { does: "What is there, put a point", ways: ["choose it above the picture, then tap"] },
  ];
  const keys = KEY_ROWS.map(([actions, does]) => {
    const names = KEYS.filter((b) => actions.includes(b.action)).map((b) => b.keys);
    if (actions[0] === "channel") return { does, ways: ["1 – 9"] };
    return { does, ways: (actions.length > 1 ? names.map((n) => n[0]!) : names.flat()).map(keyName) };
  });
  return [
    { title: "Pointer", rows: drags },
    { title: "Touch", rows: touch },
    { title: "Keys", rows: keys },
  ];
}
