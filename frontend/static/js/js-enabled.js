// A file of its own, because the content security policy forbids inline scripts.
document.documentElement.classList.add("js");
