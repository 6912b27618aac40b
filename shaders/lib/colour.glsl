// From linear light to pixels. Linear RGB has Rec. 709 primaries.

// IEC 61966-2-1.
vec3 srgb_encode(vec3 x) {
    x = clamp(x, 0.0, 1.0);
    return mix(1.055 * pow(max(x, 1e-8), vec3(1.0 / 2.4)) - 0.055, 12.92 * x, lessThanEqual(x, vec3(0.0031308)));
}

vec3 srgb_decode(vec3 x) {
    return mix(pow((x + 0.055) / 1.055, vec3(2.4)), x / 12.92, lessThanEqual(x, vec3(0.04045)));
}

// Keeps hue: values below the shoulder stay as they are, peaks roll off towards white.
// Source: Khronos PBR Neutral Tone Mapper (specification 2024), without its toe (volumes have no 4 % base reflection).
vec3 tone_map_filmic(vec3 c) {
    const float start = 0.76, desaturation = 0.15;
    float peak = max(c.r, max(c.g, c.b));
    if (peak < start) return c;
    float d = 1.0 - start;
    float new_peak = 1.0 - d * d / (peak + d - start);
    c *= new_peak / peak;
    float g = 1.0 - 1.0 / (desaturation * (peak - new_peak) + 1.0);
    return mix(c, vec3(new_peak), g);
}

// The contrast curve of AgX over log2 exposure (x = 0 at -10 stops from middle grey, 1 at +6.5): a line of slope 2 through
// (10/16.5, 1/2), rolled off towards 0 and 1 by t / (1 + t^p)^(1/p).
// Source: Troy Sobotka, AgX, "SB2383 configuration generation" (hyperbolic sigmoid; powers 3 in the toe, 3.25 in the
// shoulder). A scale is ((slope x)^-p ((slope x / y)^p - 1))^(-1/p) of the distances x, y from the pivot to the limit.
vec3 agx_contrast(vec3 x) {
    const float pivot = 10.0 / 16.5, slope = 2.0;
    const float toe_power = 3.0, toe_scale = 0.51227738;
    const float shoulder_power = 3.25, shoulder_scale = 0.54146416;
    bvec3 above = greaterThanEqual(x, vec3(pivot));
    vec3 power = mix(vec3(toe_power), vec3(shoulder_power), above);
    vec3 scale = mix(vec3(-toe_scale), vec3(shoulder_scale), above);
    vec3 t = max(slope * (x - pivot) / scale, 1e-6);
    return clamp(t * pow(1.0 + pow(t, power), -1.0 / power) * scale + 0.5, 0.0, 1.0);
}

// Desaturates what is bright, as film does. Display-linear: AgX's own display curve, a power of 2.2, is taken off again.
// Source of the matrices (AgX's inset of Rec. 709's primaries and its inverse): Benjamin Wrensch, "Minimal AgX
// Implementation", 2023.
vec3 tone_map_agx(vec3 c) {
    const mat3 inset = mat3(0.842479062253094, 0.0423282422610123, 0.0423756549057051,
                            0.0784335999999992, 0.878468636469772, 0.0784336,
                            0.0792237451477643, 0.0791661274605434, 0.879142973793104);
    const mat3 outset = mat3(1.19687900512017, -0.0528968517574562, -0.0529716355144438,
                             -0.0980208811401368, 1.15190312990417, -0.0980434501171241,
                             -0.0990297440797205, -0.0989611768448433, 1.15107367264116);
    vec3 x = (log2(max(inset * c, 1e-10)) + 12.47393) / 16.5;
    return pow(clamp(outset * agx_contrast(clamp(x, 0.0, 1.0)), 0.0, 1.0), vec3(2.2));
}

// Finite and not negative, component by component: NaN is 0, infinity very bright.
vec3 finite(vec3 c) { return mix(vec3(0.0), clamp(c, 0.0, 1e20), greaterThanEqual(c, vec3(0.0))); }

// Linear radiance after exposure to display-linear 0..1; whatever comes in, what goes out is finite.
// mode: 0 filmic, 1 exponential, 2 linear, 3 AgX, 4 AGAVE's: exponential, and shown without the sRGB curve.
vec3 tone_map(vec3 c, int mode) {
    c = finite(c);
    if (mode == 0) return tone_map_filmic(c);
    if (mode == 1) return 1.0 - exp(-c);
    if (mode == 3) return tone_map_agx(c);
    if (mode == 4) return srgb_decode(1.0 - exp(-c));
    return min(c, 1.0);
}

// Y and (Cb, Cr), 0..255, from sRGB-encoded RGB 0..1. `weights` are a standard's shares of red, green and blue in Y.
// BT.709-6, items 3.2 to 3.4; BT.601-7, 2.5.1 to 2.5.3: limited range. JFIF 1.02: BT.601 in full range.
const vec3 WEIGHTS_709 = vec3(0.2126, 0.7152, 0.0722);
const vec3 WEIGHTS_601 = vec3(0.299, 0.587, 0.114);

float luma_of(vec3 c, vec3 weights, bool full_range) {
    float y = dot(c, weights);
    return full_range ? 255.0 * y : 16.0 + 219.0 * y;
}

vec2 chroma_of(vec3 c, vec3 weights, bool full_range) {
    vec2 apart = (c.br - dot(c, weights)) / (2.0 * (1.0 - weights.br));
    return 128.0 + (full_range ? 255.0 : 224.0) * apart;
}
