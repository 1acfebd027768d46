"use strict";
// Phones show notifications through a worker alone. It keeps nothing and answers no request of the page's.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const desk = pages.find((page) => new URL(page.url).pathname === "/");
    await (desk ? desk.focus() : self.clients.openWindow("/"));
  })());
});
