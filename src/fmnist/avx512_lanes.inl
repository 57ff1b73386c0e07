// Included by files that are compiled for AVX-512, in a namespace without a name.

constexpr std::size_t kLanes = 16;
using Floats = __m512;
using Words = __m512i;

inline std::size_t smaller(std::size_t a, std::size_t b) {
  return a < b ? a : b;
}

/// The first n of 16 lanes.
inline __mmask16 first_lanes(std::size_t n) {
  return n >= kLanes ? static_cast<__mmask16>(0xFFFF) : static_cast<__mmask16>((1U << n) - 1U);
}

inline Floats broadcast(float number) {
  return _mm512_set1_ps(number);
}

/// Which are not 0; NaN is among them.
inline __mmask16 not_zero(Floats numbers) {
  return _mm512_cmp_ps_mask(numbers, broadcast(0.0F), _CMP_NEQ_UQ);
}

/// first, first + 1, …
inline Words counted_from(std::size_t first) {
  return _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first)),
                          _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}

/// Writes those of `numbers` that `some` has to `values`, and first + their lanes to `places`, side by side: a
/// whole register each, of which those behind the last say nothing. Returns how many there are.
inline std::size_t list_some(__mmask16 some, Floats numbers, std::size_t first, float* values,
                             std::uint32_t* places) {
  _mm512_storeu_ps(values, _mm512_maskz_compress_ps(some, numbers));
  _mm512_storeu_si512(places, _mm512_maskz_compress_epi32(some, counted_from(first)));
  return static_cast<std::size_t>(__builtin_popcount(some));
}

/// The rows of 16 × 16 words become columns.
inline void transpose_words(__m512i* r) {
  __m512i a[kLanes];
  for (std::size_t i = 0; i < kLanes; i += 4) {
    const __m512i low01 = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    const __m512i high01 = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    const __m512i low23 = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
    const __m512i high23 = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
    a[i] = _mm512_unpacklo_epi64(low01, low23);
    a[i + 1] = _mm512_unpackhi_epi64(low01, low23);
    a[i + 2] = _mm512_unpacklo_epi64(high01, high23);
    a[i + 3] = _mm512_unpackhi_epi64(high01, high23);
  }
  // a[4·g + c] holds, of the rows of group g, the columns c, 4 + c, 8 + c and 12 + c.
  constexpr int kEven = 0x88;
  constexpr int kOdd = 0xDD;
  for (std::size_t c = 0; c < 4; ++c) {
    const __m512i even01 = _mm512_shuffle_i32x4(a[c], a[4 + c], kEven);
    const __m512i odd01 = _mm512_shuffle_i32x4(a[c], a[4 + c], kOdd);
    const __m512i even23 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], kEven);
    const __m512i odd23 = _mm512_shuffle_i32x4(a[8 + c], a[12 + c], kOdd);
    r[c] = _mm512_shuffle_i32x4(even01, even23, kEven);
    r[4 + c] = _mm512_shuffle_i32x4(odd01, odd23, kEven);
    r[8 + c] = _mm512_shuffle_i32x4(even01, even23, kOdd);
    r[12 + c] = _mm512_shuffle_i32x4(odd01, odd23, kOdd);
  }
}
