// From a premultiplied mean to what is shown of it. Needs colour.glsl.

// Radiance and coverage, after exposure (a factor) and tone map (colour.glsl's mode; -1: none of both): premultiplied,
// display-linear, finite, coverage 0..1.
vec4 developed(vec4 mean, float exposure, int tone_mode) {
    float coverage = mean.a > 0.0 ? min(mean.a, 1.0) : 0.0;
    if (tone_mode < 0) return vec4(finite(mean.rgb), coverage);
    if (coverage <= 0.0) return vec4(0.0);
    return vec4(tone_map(mean.rgb / mean.a * exposure, tone_mode) * coverage, coverage);
}
