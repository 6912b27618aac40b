// The controls of a material: of a channel or of a segmentation.
import { nothing } from "lit";
import type { Path } from "../patch";
import type { Material } from "../wire";
import { colorField, slide, type Put } from "./controls";

export function materialControls(material: Material, path: Path, name: string, put: Put): unknown {
  const glows = material.emission.some((part) => part > 0);
  return [
    slide(put, { label: "Gloss", of: name, path: [...path, "specular"], value: material.specular }),
    slide(put, { label: "Roughness", of: name, path: [...path, "roughness"], value: material.roughness, min: 0.05 }),
    material.specular > 0
      ? colorField(put, "Colour of the gloss", [...path, "specular_color"], material.specular_color, name)
      : nothing,
    colorField(put, "Glow", [...path, "emission"], material.emission, name),
    glows
      ? slide(put, {
          label: "Strength of the glow",
          of: name,
          path: [...path, "emission_strength"],
          value: material.emission_strength,
          min: 0.01,
          max: 100,
          scale: "log",
        })
      : nothing,
  ];
}
