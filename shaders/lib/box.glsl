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

// Where the ray o + t d leaves a box of cells lo..hi - 1 that it is in: t, and the cell that it enters there. Exactly one
// axis leaves, that of the first face that is hit. Cells are integers, so each step makes progress whatever rounding does
// to t.
ivec3 leave_cells(vec3 o, vec3 d, vec3 inverse_d, ivec3 lo, ivec3 hi, out float t) {
    bvec3 ahead = greaterThanEqual(d, vec3(0.0));
    vec3 t_face = (mix(vec3(lo), vec3(hi), ahead) - o) * inverse_d;
    t = min(t_face.x, min(t_face.y, t_face.z));
    ivec3 inside = clamp(ivec3(floor(o + d * t)), lo, hi - 1);
    ivec3 beyond = mix(lo - 1, hi, ahead);
    bool leave_x = t_face.x <= t_face.y && t_face.x <= t_face.z;
    bool leave_y = !leave_x && t_face.y <= t_face.z;
    return ivec3(leave_x ? beyond.x : inside.x, leave_y ? beyond.y : inside.y,
                 !leave_x && !leave_y ? beyond.z : inside.z);
}
