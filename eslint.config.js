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
  { files: ["tests/browser/*.js"], languageOptions: { globals: { ...globals.node, ...globals.browser } } },
  {
    // touches no document: it runs in a page, in a worker and in Node
    files: ["dbce/web/core/**/*.js", "dbce/web/lab/**/*.js"],
    languageOptions: { globals: globals["shared-node-browser"] },
    rules: { "no-restricted-globals": ["error", "document", "window"] },
  },
  {
    // bits that the standard leaves to the browser: arithmetic.js has those of the lab
    files: ["dbce/web/lab/**/*.js"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...["acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp", "expm1", "hypot"],
        ...["log", "log10", "log1p", "log2", "pow", "random", "sin", "sinh", "tan", "tanh"],
      ].map((rule) => (rule === "error" ? rule : { object: "Math", property: rule })),
      "no-restricted-syntax": ["error", "BinaryExpression[operator='**']", "AssignmentExpression[operator='**=']"],
    },
  },
];
