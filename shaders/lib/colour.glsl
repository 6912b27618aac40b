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

// mode: 0 filmic, 1 exponential, 2 linear.
vec3 tone_map(vec3 c, int mode) {
    if (mode == 0) return tone_map_filmic(c);
    if (mode == 1) return 1.0 - exp(-c);
    return min(c, 1.0);
}

// BT.709 limited range, 0..255, from sRGB-encoded RGB 0..1 (BT.709-6, items 3.2, 3.3, 3.4).
float luma_709(vec3 c) { return 16.0 + 219.0 * dot(c, vec3(0.2126, 0.7152, 0.0722)); }

vec2 chroma_709(vec3 c) {
    float y = dot(c, vec3(0.2126, 0.7152, 0.0722));
    return 128.0 + 224.0 * vec2((c.b - y) / 1.8556, (c.r - y) / 1.5748);
}
