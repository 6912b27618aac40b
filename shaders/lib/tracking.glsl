// Free flight and transmittance through all media.
//
// Each volume is tracked on its own and the nearest collision wins: the minimum of independent exponential flights is
// distributed as the flight of the summed extinction, so overlapping volumes of any grids mix physically. The channels of
// a volume share its walk: a tentative collision first draws its channel in proportion to the channels' majorants
// (tentative collisions of all channels are one Poisson process, thinned), so it costs one fetch however many there are.
// Sources: Woodcock et al. 1965 (delta tracking); Novak, Selle, Jarosz, "Residual Ratio Tracking", ACM TOG 33(6), 2014.
// Needs params, rng.glsl, majorant.glsl, medium.glsl; MIXING (0 physical, 1 max, 2 additive).

// Below this transmittance a shadow ray plays Russian roulette.
const float ROULETTE_BELOW = 0.5;

struct Collision {
    float t;       // along the ray, unit space; < 0: none
    int volume;
    int channel;
    float texel;   // of that channel; for labels the bits are the dense id
#ifdef PAGED
    Place place;   // where that is
#endif
};

void count_violation(float sum, float majorant) {
#ifdef COUNT_VIOLATIONS
    if (sum > majorant * (1.0 + 1e-6)) atomicAdd(violations[0], 1u);
    atomicAdd(violations[1], 1u);
#endif
}

// Track the ray over [0, t1] through all volumes. `first` is the random number of the first free flight.
// `shadow` false (delta tracking): the nearest collision, or t < 0 when there is none; nothing is hit before `t0`.
// `shadow` true (ratio tracking): T is multiplied by an unbiased estimate of the transmittance; Russian roulette ends the
// ray once little is left. Both in one loop: a GPU's lanes that track different kinds of rays stay together, and the
// code exists once.
Collision track(vec3 o, vec3 d, float t0, float t1, bool shadow, float first, inout float T, inout Rng rng) {
    Collision hit;
    hit.t = -1.0;
    hit.volume = hit.channel = -1;
    hit.texel = 0.0;
    vec3 inverse_d = safe_inverse(d);
    vec2 cut = clip_to_box(o, inverse_d, params.crop_lo.xyz, params.crop_hi.xyz, t0, t1);
#ifdef HAS_PLANES
    cut = clip_to_planes(o, d, cut);
#endif
    float t_end = t1;
    for (int v = 0; v < N_VOLUMES; v++) {
        Walk w;
        // Where a channel is not cut the whole volume is walked through, and each candidate of the others is asked.
        bool ask = cuts[v].has_uncut != 0;
        vec2 span = ask ? vec2(t0, t1) : cut;
        if (cuts[v].lo.w == 0.0 || !walk_start(v, o, d, span.x, min(span.y, t_end), w)) continue;
        vec4 u = rng_next4(rng);
        float tau = -log(1.0 - (v == 0 ? first : u.x));
        float cell_majorant, majorant;
        while (walk_to_candidate(w, tau, cell_majorant)) {
            float texel;
            vec3 g = walk_grid(w);
            float opacity = 0.0;
#if MIXING == 1
            int c = strongest_channel(v, g, !ask || (w.t >= cut.x && w.t <= cut.y), opacity, texel);
            majorant = cell_majorant;
#else
            int c = candidate_channel(w, v, u.z, cell_majorant, majorant);
            if (c >= 0 && (!ask || channels[c].clipped == 0 || (w.t >= cut.x && w.t <= cut.y)))
                opacity = channel_opacity(v, c, g, texel);
            if (cell_majorant >= w.cap) opacity = min(opacity, majorant);  // the cap, shared by the channels
#endif
            if (c >= 0) {
                count_violation(opacity, majorant);
                if (shadow) {
                    T *= max(1.0 - opacity / majorant, 0.0);
                    if (T < ROULETTE_BELOW) {
                        if (u.y * ROULETTE_BELOW >= T) {
                            T = 0.0;
                            return hit;
                        }
                        T = ROULETTE_BELOW;
                    }
                } else if (u.y * majorant < opacity) {
                    hit.t = w.t;
                    hit.volume = v;
                    hit.channel = c;
                    hit.texel = texel;
#ifdef PAGED
                    hit.place = here;
#endif
                    t_end = w.t;  // the next volumes can only win with a nearer one
                    break;
                }
            }
            u = rng_next4(rng);
            tau = -log(1.0 - u.x);
        }
    }
    return hit;
}
