import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: [".venv/", "node_modules/", "build/"] },
  js.configs.recommended,
  {
    files: ["dbce/web/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      eqeqeq: "error",
      "max-len": ["error", { code: 120, ignoreUrls: true }],
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
    },
  },
  { files: ["tests/web/**/*.js", "eslint.config.js"], languageOptions: { globals: globals.node } },
  {
    // touches no document: it runs in a page, in a worker and in Node
    files: ["dbce/web/core/**/*.js"],
    languageOptions: { globals: globals["shared-node-browser"] },
    rules: { "no-restricted-globals": ["error", "document", "window"] },
  },
];
