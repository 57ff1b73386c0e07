// Included by files that are compiled for AVX512_BF16, after avx512_lanes.inl, in a namespace without a name:
// floats and bytes as pairs of bfloat16 numbers.

constexpr unsigned kHalf = 16;

/// Sixteen bfloat16 numbers as the upper halves of words.
inline Words upper(__m256i halves) {
  return _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), kHalf);
}

/// Numbers that lie side by side: 0 … 15 in `first`, 16 … 31 in `second`.
inline Words neighbours(Floats first, Floats second) {
  return reinterpret_cast<Words>(_mm512_cvtne2ps_pbh(second, first));
}

/// Pairs whose numbers are lanes of `first` and `second`.
inline Words pairs(Floats first, Floats second) {
  const Words lower = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(first)));
  return _mm512_or_si512(lower, upper(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(second))));
}

/// The same of bfloat16 numbers in the upper halves of words whose lower halves are 0.
inline Words joined_pairs(Words first, Words second) {
  return _mm512_or_si512(_mm512_srli_epi32(first, kHalf), second);
}

/// Bytes are floats without rounding, and bfloat16 numbers too.
inline Floats float_pixels(__m128i bytes) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

inline Words neighbouring_pixels(__m256i bytes) {
  return neighbours(float_pixels(_mm256_castsi256_si128(bytes)),
                    float_pixels(_mm256_extracti128_si256(bytes, 1)));
}
