// A channel's window by a rule, as far as this client can tell it from the histogram; the server has the last word.
import type { Channel, ChannelSummary } from "./wire";

export type Rule = NonNullable<Channel["rule"]>;
type Range = [number, number];

/** The value below which `percent` of the counts over `range` lie, by straight lines within a bin. */
export function percentileOf(counts: readonly number[], range: Range, percent: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const width = (range[1] - range[0]) / Math.max(counts.length, 1);
  let wanted = (total * percent) / 100;
  for (const [i, count] of counts.entries()) {
    if (wanted <= count && count > 0) return range[0] + (i + wanted / count) * width;
    wanted -= count;
  }
  return range[1];
}

/** The window that is in force; null where a rule makes it that only the server knows. */
export function shownWindow(channel: Channel, summary: ChannelSummary | undefined): Range | null {
  const { rule } = channel;
  switch (rule?.kind) {
    case undefined:
      return channel.window;
    case "level":
      return [rule.level - rule.window / 2, rule.level + rule.window / 2];
    case "isovalue":
      return [rule.value - rule.range / 2, rule.value + rule.range / 2];
    case "percentile": {
      if (!summary) return null;
      const { histogram, range } = summary;
      const window: Range = [percentileOf(histogram, range, rule.low), percentileOf(histogram, range, rule.high)];
      return window[0] < window[1] ? window : null;
    }
    case "auto":
      return summary?.auto_windows[rule.method] ?? null;
  }
}

/** A rule of this kind that begins where the window is now; null for a window by hand. */
export function ruleOfKind(name: string, window: Range): Rule | null {
  const [kind, method] = name.split(":");
  const middle = (window[0] + window[1]) / 2;
  const width = window[1] - window[0];
  switch (kind) {
    case "level":
      return { kind, level: middle, window: width };
    case "isovalue":
      return { kind, value: middle, range: width / 4 };
    case "percentile":
      return { kind, low: 50, high: 98 };
    case "auto":
      return { kind, method: method as Extract<Rule, { kind: "auto" }>["method"] };
    default:
      return null;
  }
}

/** The name of a rule, as `ruleOfKind` takes it. */
export function nameOfRule(rule: Rule | null): string {
  if (rule === null) return "manual";
  return rule.kind === "auto" ? `auto:${rule.method}` : rule.kind;
}
