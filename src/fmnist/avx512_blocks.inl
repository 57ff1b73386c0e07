// Included by files that are compiled for AVX-512, after avx512_lanes.inl, in a namespace without a name:
// products whose sums are the lanes of registers. A block of C is some rows × some registers beside each other.

inline Floats load(const float* from) {
  return _mm512_loadu_ps(from);
}

inline Floats load_first(const float* from, std::size_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), from);
}

inline Words load(const std::uint32_t* from) {
  return _mm512_loadu_si512(from);
}

inline Words load_first(const std::uint32_t* from, std::size_t n) {
  return _mm512_maskz_loadu_epi32(first_lanes(n), from);
}

inline void store(float* to, Floats numbers) {
  _mm512_storeu_ps(to, numbers);
}

inline void store_first(float* to, std::size_t n, Floats numbers) {
  _mm512_mask_storeu_ps(to, first_lanes(n), numbers);
}

template <std::size_t kVectors, bool kPartial>
inline void store_vectors(const Floats* numbers, std::size_t in_last, float* to) {
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kVectors; ++v) {
    if (kPartial && v + 1 == kVectors) {
      store_first(to + v * kLanes, in_last, numbers[v]);
    } else {
      store(to + v * kLanes, numbers[v]);
    }
  }
}

/// A product without what is zero in all rows of a block, those that follow each other in the product's order.
/// Numbers says what the elements of its operands are.
template <typename Numbers>
struct SparseRows {
  typename Numbers::Product product;
  Numbers numbers;

  static constexpr std::size_t kMostVectors = Numbers::kMostVectors;
  static constexpr std::size_t rows_together(std::size_t vectors) { return Numbers::rows_together(vectors); }

  void leave_columns(std::size_t n) {
    product.start += n;
    product.b += n;
    product.c += n;
  }

  template <std::size_t kRows, std::size_t kVectors, bool kPartial>
  void compute(std::size_t first) const {
    const std::size_t in_last = product.n - (kVectors - 1) * kLanes;
    const std::uint32_t* order = product.order + first;
    const typename Numbers::Left* a[kRows];
    const std::uint64_t* bits[kRows];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRows; ++i) {
      a[i] = product.a + order[i] * product.a_row;
      bits[i] = product.bits + order[i] * product.words;
    }
    Floats sums[kRows][kVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) {
      const bool is_partial = kPartial && v + 1 == kVectors;
      const float* from = product.start + v * kLanes;
      const Floats start = is_partial ? load_first(from, in_last) : load(from);
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kRows; ++i) sums[i][v] = start;
    }
    // Copies stay in registers: the compiler does not know that C is no part of the product.
    const Numbers of = numbers;
    const std::size_t a_depth = product.a_depth;
    const std::size_t ldb = product.ldb;
    const typename Numbers::Right* b = product.b;
    for (std::size_t w = 0; w < product.words; ++w) {
      std::uint64_t some = 0;
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kRows; ++i) some |= bits[i][w];
      for (; some != 0; some &= some - 1) {
        const std::size_t d = w * kBitsOfWord + static_cast<std::size_t>(__builtin_ctzll(some));
        typename Numbers::Lanes left[kRows];
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kRows; ++i) left[i] = of.everywhere(a[i][d * a_depth]);
#pragma GCC unroll 8
        for (std::size_t v = 0; v < kVectors; ++v) {
          const bool is_partial = kPartial && v + 1 == kVectors;
          const typename Numbers::Right* from = b + d * ldb + v * kLanes;
          const typename Numbers::Lanes right = is_partial ? load_first(from, in_last) : load(from);
#pragma GCC unroll 16
          for (std::size_t i = 0; i < kRows; ++i) sums[i][v] = of.multiply_add(left[i], right, sums[i][v]);
        }
      }
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRows; ++i)
      store_vectors<kVectors, kPartial>(sums[i], in_last, product.c + order[i] * product.ldc);
  }
};

/// The last rows, fewer than a block has.
template <std::size_t kRows, std::size_t kVectors, bool kPartial, typename Rows>
void multiply_last_rows(const Rows& rows, std::size_t first) {
  if constexpr (kRows > 0) {
    if (rows.product.m - first == kRows) return rows.template compute<kRows, kVectors, kPartial>(first);
    multiply_last_rows<kRows - 1, kVectors, kPartial>(rows, first);
  }
}

/// All of C, whose rows are kVectors registers; kPartial: the last of a row has fewer columns than lanes.
template <std::size_t kVectors, bool kPartial, typename Rows>
void multiply_rows(const Rows& rows) {
  constexpr std::size_t kRows = Rows::rows_together(kVectors);
  std::size_t first = 0;
  for (; first + kRows <= rows.product.m; first += kRows)
    rows.template compute<kRows, kVectors, kPartial>(first);
  multiply_last_rows<kRows - 1, kVectors, kPartial>(rows, first);
}

/// All of C, whose rows are so many registers, at most kVectors.
template <std::size_t kVectors, typename Rows>
void multiply_rows_of(std::size_t vectors, const Rows& rows) {
  if constexpr (kVectors > 0) {
    if (vectors != kVectors) return multiply_rows_of<kVectors - 1>(vectors, rows);
    if (rows.product.n == kVectors * kLanes) return multiply_rows<kVectors, false>(rows);
    multiply_rows<kVectors, true>(rows);
  }
}

/// A product, block by block. Rows has the product, computes blocks of it and knows of how many rows and of at
/// most how many registers beside each other.
template <typename Rows>
void multiply_columns(Rows rows) {
  for (std::size_t left = rows.product.n; left > 0; left -= rows.product.n) {
    const std::size_t all = (left + kLanes - 1) / kLanes;
    const std::size_t blocks = (all + Rows::kMostVectors - 1) / Rows::kMostVectors;
    // Alike: a block of one register has few sums that do not wait for each other.
    const std::size_t vectors = (all + blocks - 1) / blocks;
    rows.product.n = smaller(vectors * kLanes, left);
    multiply_rows_of<Rows::kMostVectors>(vectors, rows);
    rows.leave_columns(rows.product.n);
  }
}
