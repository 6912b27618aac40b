// Free flight and transmittance through all volumes.
//
// Each volume is tracked on its own and the nearest collision wins: independent exponential flights have the minimum's
// distribution of the sum of the extinctions, so overlapping volumes of any grids mix physically.
// Sources: Woodcock et al. 1965 (delta tracking); Novak, Selle, Jarosz, "Residual Ratio Tracking", ACM TOG 33(6), 2014.
// Needs params, rng.glsl, majorant.glsl, medium.glsl.

struct Collision {
    float t;       // along the ray, unit space; < 0: none
    int volume;
    int channel;
    float texel;   // of that channel; for labels the bits are the dense id
};

void count_violation(float sum, float majorant) {
#ifdef COUNT_VIOLATIONS
    if (sum > majorant * (1.0 + 1e-6)) atomicAdd(violations[0], 1u);
    atomicAdd(violations[1], 1u);
#endif
}

// The first collision in [t0, t1].
Collision first_collision(vec3 o, vec3 d, float t0, float t1, inout Rng rng) {
    Collision hit = Collision(-1.0, -1, -1, 0.0);
    vec3 inverse_d = safe_inverse(d);
    vec2 inside = clip_to_box(o, inverse_d, params.crop_lo.xyz, params.crop_hi.xyz, t0, t1);
    for (int v = 0; v < N_VOLUMES; v++) {
        Walk w;
        if (!walk_start(v, o, d, inside.x, inside.y, w)) continue;
        vec4 u = rng_next4(rng);
        float tau = -log(1.0 - u.x);
        float majorant;
        while (walk_to_candidate(w, tau, majorant)) {
            int c;
            float texel;
            float sum = volume_opacity(v, (w.o + w.d * w.t) * float(CELL), w.present, u.y * majorant, c, texel);
            count_violation(sum, majorant);
            if (c >= 0) {
                hit = Collision(w.t, v, c, texel);
                inside.y = w.t;  // later volumes can only win with a nearer one
                break;
            }
            u = rng_next4(rng);
            tau = -log(1.0 - u.x);
        }
    }
    return hit;
}

// An unbiased estimate of the transmittance over [0, t1]: ratio tracking, with Russian roulette once it is small.
float transmittance(vec3 o, vec3 d, float t1, inout Rng rng) {
    float T = 1.0;
    vec2 inside = clip_to_box(o, safe_inverse(d), params.crop_lo.xyz, params.crop_hi.xyz, 0.0, t1);
    for (int v = 0; v < N_VOLUMES && T > 0.0; v++) {
        Walk w;
        if (!walk_start(v, o, d, inside.x, inside.y, w)) continue;
        vec4 u = rng_next4(rng);
        float tau = -log(1.0 - u.x);
        float majorant;
        while (walk_to_candidate(w, tau, majorant)) {
            int c;
            float texel;
            float sum = volume_opacity(v, (w.o + w.d * w.t) * float(CELL), w.present, 1e30, c, texel);
            count_violation(sum, majorant);
            T *= max(1.0 - sum / majorant, 0.0);
            u = rng_next4(rng);
            if (T < 0.25) {
                if (u.y >= T * 4.0) return 0.0;
                T = 0.25;
            }
            tau = -log(1.0 - u.x);
        }
    }
    return T;
}
