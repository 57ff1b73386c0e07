/// A shared library that is no objective module.
extern "C" int something_else() {
  return 1;
}
