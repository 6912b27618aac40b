// What an accumulator's texel looks like: the mean of its samples after exposure and tone map. Needs colour.glsl.

layout(rgba32f, binding = 0) uniform readonly image2D accumulator;

uniform ivec2 window;       // the accumulator's used size
uniform float per_sample;   // 1 / samples
uniform float exposure;     // a factor
uniform int tone_mode;      // as colour.glsl has it; -1: the texels are what this function answers already

// Premultiplied display-linear colour and coverage. Beyond the window its edge goes on.
vec4 shown(ivec2 at) {
    vec4 mean = imageLoad(accumulator, clamp(at, ivec2(0), window - 1)) * per_sample;
    if (tone_mode < 0) return mean;
    if (mean.a <= 0.0) return vec4(0.0);
    return vec4(tone_map(mean.rgb / mean.a * exposure, tone_mode) * mean.a, mean.a);
}
