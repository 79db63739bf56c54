// Runs before the first paint, so that a chosen theme never flashes. A file of its own: inline scripts are refused.
(function () {
  try {
    var theme = localStorage.getItem("lineal.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage may be forbidden; the system's theme applies then.
  }
})();
