// Rays against axis-aligned boxes. Any space; t is in units of the direction's length.

// 1 / d with zeros replaced by a huge number of the same sign, so that 0 * inf = NaN cannot happen.
vec3 safe_inverse(vec3 d) {
    vec3 tiny = vec3(1e-20);
    vec3 s = mix(vec3(-1.0), vec3(1.0), greaterThanEqual(d, vec3(0.0)));
    return s / max(abs(d), tiny);
}

// The part [x, y] of [t0, t1] inside the box lo..hi; empty when x >= y.
vec2 clip_to_box(vec3 o, vec3 inverse_d, vec3 lo, vec3 hi, float t0, float t1) {
    vec3 a = (lo - o) * inverse_d;
    vec3 b = (hi - o) * inverse_d;
    vec3 near = min(a, b);
    vec3 far = max(a, b);
    return vec2(max(t0, max(near.x, max(near.y, near.z))), min(t1, min(far.x, min(far.y, far.z))));
}
