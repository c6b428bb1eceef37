// Written by `npm run record:lab`, read by recording.js: scores every 20 steps from 0 on.

/** Preset, seed, loss -> Dice, precision, recall, calibration. */
export const RUNS = new Map([
  [
    "needles 0 ce",
    "0p0pijlbljmomvnanko2oaoiok0d6yn2k2nananan7nto9o0onp6id0ei8o1ljn7nmogobopp5oyokdkb1715h4g3c2j1z1l1b140y0s",
  ],
  [
    "needles 0 bce",
    "0p1rjjfvfxgzhggyhlhkgxhzin0d6ygzbabccfcxcgd3d1cddie8id12onrrrrrprrrrrprrrsrsrodk807d6r5u4q3p2z2e241u1l1d",
  ],
  [
    "needles 0 corrected",
    "00003mk1m5mtnangnto7nqnvns0000dwq9pioup6nwo7o9mxntok000028hgkrm7mjo2oaoop6onnx00060505040302020202020201",
  ],
  [
    "needles 0 dice_ce",
    "0p1ceqkxkxlkmlmcn7nenwo8ot0d0zp1hphqiqk7jhkwl5m2n7otid2jbdqmqoqjqfqwqoqpqjpqp2dkbu5y573q2v1x190s0h0a0603",
  ],
  [
    "needles 0 dbce",
    "0p16fvlrn5nmonokojoeototos0d0ldrjhl7mxoanlocnjomo9o0idr6j7p0pwotpapwoxplp6plpsdkdnby90775k57494e2k291w1a",
  ],
  [
    "look-alikes 0 ce",
    "2f0cf8k4ixlvkfmdmukzmjl9mz1a08bhj4knlbmfnio7onmwnmn1o00ppmm1ipnjjpmbmfkcnhkamzcxai7s5n3z32291u1j1a120u0p",
  ],
  [
    "look-alikes 0 bce",
    "2fajh0eea0gifac7i3huhxfsh21alcdeab6ccib588efe5e0bod5o07rphrdrrrhqtq5pzq2qerorhcx9g7m75704b3v482f2d282k22",
  ],
  [
    "look-alikes 0 corrected",
    "0000h5kgijlpldjmlnmimpm3mh0000lklefwm1m3gumymam8kglk0000f8kmnzmdliorlqnknzp2of000e0e0h13090a0r0305050g0a",
  ],
  [
    "look-alikes 0 dice_ce",
    "2f2pj7gnkhgtjehfmckrhumemk1a4ygnd0hwd7g4dfk6i7eckqlto025ojpspcprpqreq6plpppbohcx9c775m3j3i23280z0w190i0b",
  ],
  [
    "look-alikes 0 dbce",
    "2ffrk6hghsh4jzlhktkul7momr1adyjxeceedkh3iuhvhyifksl1o0jrlvptq8pvqgqiqsqsqwqoqtcxb6876z5b43362k25221u1g1b",
  ],
  [
    "big 0 ce",
    "7cb3lcmbm2mdlsmbm5mlm8m9m74dlzj0lnlfl3jslnmkmpnamyn5pg8bp1nnn9oep2njm7mulzm1luan7l5r44332m2h1k130v0k0k0i",
  ],
  [
    "big 0 bce",
    "7ch1k6knk3iykoiqjsjvkdkxlf4dn7glhngkf0haeug5g7guhmidpge7qxpkqoraqsr7qtqxqrqnqean867h5g4v4w3g4335332l2820",
  ],
  [
    "big 0 corrected",
    "000ulzm0m7lemcldm0m5mimkmb0058mnmqlqj6m2j8lgllmin5nc000ilxltn9p6n6ozn3n8mymcls01221a0t0r1b0g180i0h0a0606",
  ],
  [
    "big 0 dice_ce",
    "7cfdkylql3kylvlkm1m0lnm5m94dlti1jiiii1jpjokrkojvkylrpgcxpwp8pjq2pdolnzo3oinyn8an7m5q4s3j321y1g100u100j0f",
  ],
  [
    "big 0 dbce",
    "7cl2lqlym3mdmsmbmjmdmkm8mn4dj4kbl2lslymfkslkl8lzkqlxpgobnynimun6nkoro7o6noolnvan8m5u4e352e23221p1h111e10",
  ],
  [
    "faint 0 ce",
    "2d0q569m6z9kccdccybi8daudt193h8rbz9rgheodneydvc4doi3lp0f4zax658ac9f7dcbr6y9hcscx86705c3o2l2c281l160y0v0r",
  ],
  [
    "faint 0 bce",
    "2d80bt8v8la19z8ua1av82bkax199t9m5n5h6m6o5n6p7g50827dlp7xlgp0qap1prqbqfqhpzpyqecx8k6s77705q5e645c4m5o3s47",
  ],
  [
    "faint 0 corrected",
    "000058chdybzfnfgd0atdybif3000097i6h7jmiigph6giffjek100003wb3dhaifxh3d4a2f4a6du000g070a0g050d0n0a070n0706",
  ],
  [
    "faint 0 dice_ce",
    "2d1ldcfjd1bzd9f3duesgmgqgz1958fsf6ai8ma2cobzc1hliygvlp0yepk0n6nxnmm2j7mbh5hsk8cx8q63534i422y1w1b1f0e0e0i",
  ],
  [
    "faint 0 dbce",
    "2d8j9wbmc7b4ckc1bycbdndxdt19a3ab9f9v9m9t96959mazasanlp8faoidizfokyldknkxkzmem8cxad7d5y4p443k3h2z2v2i2g2d",
  ],
  [
    "classes 0 ce",
    "2x4wbze0a5c19e94bhbwdvfngc1w3iauejf3fwcxcvetfmguhhhk9o8leuen9bb49g92bbbzcwenflgxfie8cf9o7o624f3s38281t1i",
  ],
  [
    "classes 0 bce",
    "2x6oald1dyetfqgjh9i0iuiwjl1w8j7p8u9raobqc6d1dxevepfh9ob9n1rmrfrgr7rrrorororrrqgxh2gzgifmepdkcqbja7918i7m",
  ],
  [
    "classes 0 corrected",
    "00529pjwkblalvl8kvm7mjmxmp006udyo1p7oypip1p0pfq8pvpr00489rj7isk3kdk5k4l4lam0lu013a2l2m221q1e1b130w0p0u0r",
  ],
  [
    "classes 0 dice_ce",
    "2x4tchebfvfbftghg7ghh0h0h41w3fadc6i0dzeyfvf8fjgogrgy9o8qgwizh8hfh8hghrhvhlhjhigxffehczb89b785f412x1o170u",
  ],
  [
    "classes 0 dbce",
    "2x3mcnfxh2h7hahpi6i7i8iyk41w2ac6ezh3fuglgwh9hbh2hzii9oa9lboionprq1q9qhqhqmqiqpgxhhg7eed6chbnbba58y765z4y",
  ],
]);

/** Radius -> Dice. */
export const RADII = new Map([
  ["0", "0p02k0eygah6g3"],
  ["2", "0p0u9ugpkjlclv"],
  ["5", "0p1t1tiqldlqnv"],
  ["10", "0p0rekfekbnfol"],
  ["20", "0p03b5mrmrngnu"],
  ["40", "0p00b9l4lmmqn6"],
]);
