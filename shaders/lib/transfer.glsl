// Transfer functions: from a texel to opacity and albedo through a table of LUT_SIZE entries over the window.
// lut: rgb = albedo (linear light), a = opacity 0..1. Needs channels[], lut_at.

int lut_index(int c, float texel) {
    float x = clamp(texel * channels[c].scale + channels[c].bias, 0.0, 1.0);
    return int(x * float(LUT_SIZE - 1) + 0.5);
}

// Opacity 0..1 with the channel's weight in it; the extinction is density times this.
float opacity_of(int c, float texel) {
    return lut_at(channels[c].lut_base + lut_index(c, texel)).a * channels[c].weight;
}

vec3 albedo_of(int c, float texel) { return lut_at(channels[c].lut_base + lut_index(c, texel)).rgb; }
